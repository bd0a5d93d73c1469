import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COLLECT, collectScenarios } from './collect.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'zonefall-collect-'))
  mkdirSync(join(root, 'scenarios/some'), { recursive: true })
})
afterAll(() => rmSync(root, { recursive: true }))

/** Collects a file that declares one scenario, as `scenario()` would. */
async function collect(name: string, options: object): Promise<string[]> {
  const file = `scenarios/some/${name}.scenario.ts`
  const info = { id: `some/${name}/x`, file, claim: 'x', options: { tags: [], ...options } }
  writeFileSync(
    join(root, file),
    `globalThis[Symbol.for('${COLLECT.description}')].push(${JSON.stringify(info)})`,
  )
  return (await collectScenarios(root)).map(({ id }) => id)
}

test('a scenario of a tier, or with a need, that there is not is refused', async () => {
  await expect(collect('tier', { tier: 'nighty' })).rejects.toThrow('there is no tier nighty')
  rmSync(join(root, 'scenarios/some/tier.scenario.ts'))
  await expect(collect('need', { needs: { capabilities: ['ec3'] } })).rejects.toThrow(
    'there is no capability ec3',
  )
  rmSync(join(root, 'scenarios/some/need.scenario.ts'))
})

test('a scenario whose faults there are is found, one with another is refused', async () => {
  expect(await collect('right', { faults: ['delete-pod'] })).toEqual(['some/right/x'])
  await expect(collect('wrong', { faults: ['delete-pods'] })).rejects.toThrow(
    expect.objectContaining({
      message: 'scenarios/some/wrong.scenario.ts: there is no fault delete-pods.',
      hint: expect.stringContaining('delete-pod, kill-process'),
    }),
  )
})
