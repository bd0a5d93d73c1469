import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runStep } from './run-step.ts'
import { type CheckStep, checkSteps, stepFile } from './steps.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zonefall-step-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const never = new AbortController().signal
const step = (script: string, rest: Partial<CheckStep> = {}): CheckStep => ({
  name: 'one',
  about: 'a step of a test',
  command: ['node', '-e', script],
  counts: 'step',
  limitMs: 20_000,
  ...rest,
})
const writesCounts = (statuses: readonly string[]): string => {
  const assertionResults = statuses.map((status) => ({ fullName: 't', status }))
  const file = { name: 'f', status: 'passed', message: '', assertionResults }
  const json = JSON.stringify({ success: true, testResults: [file] })
  return `require('fs').writeFileSync('${stepFile('one', 'json')}', ${JSON.stringify(json)});`
}

describe('runStep', () => {
  it('counts a command that succeeds, and keeps its output', async () => {
    const result = await runStep(root, step('console.log("out"); console.error("err")'), never)
    expect(result).toMatchObject({ counts: { passed: 1, failed: 0, skipped: 0 }, tail: [] })
    expect(readFileSync(join(root, stepFile('one', 'log')), 'utf8')).toBe('out\nerr\n')
  })

  it('shows the end of the output of one that fails', async () => {
    const script = 'for (let i = 0; i < 300; i++) console.log("line " + i); process.exitCode = 3'
    const { counts, tail } = await runStep(root, step(script), never)
    expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 })
    expect(tail).toHaveLength(80)
    expect(tail.at(-1)).toBe('line 299')
  })

  it('skips with the reason', async () => {
    const result = await runStep(root, step('', { skip: () => 'needs root' }), never)
    expect(result).toMatchObject({ counts: { passed: 0, skipped: 1 }, reason: 'needs root' })
  })

  it.each([
    ['its tests', writesCounts(['passed', 'passed', 'skipped']), [2, 0, 1]],
    ['no test at all as a failure', writesCounts([]), [0, 1, 0]],
    ['only skipped tests as a failure', writesCounts(['skipped']), [0, 1, 1]],
    ['a runner that broke as a failure', 'process.exit(0)', [0, 1, 0]],
    ['an error beside the tests', `${writesCounts(['passed'])} process.exit(1)`, [1, 1, 0]],
  ] as const)('of vitest counts %s', async (_, script, [passed, failed, skipped]) => {
    const { counts } = await runStep(root, step(script, { counts: 'vitest' }), never)
    expect(counts).toEqual({ passed, failed, skipped })
  })

  it('does not count what an earlier run has left', async () => {
    await runStep(root, step(writesCounts(['passed']), { counts: 'vitest' }), never)
    const { counts } = await runStep(root, step('', { counts: 'vitest' }), never)
    expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it('stops a step and its children when its time is over', async () => {
    const child = `setInterval(() => require('fs').writeFileSync('alive', String(Date.now())), 20)`
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]);
      setInterval(() => {}, 1000)`
    const result = await runStep(root, step(script, { limitMs: 600 }), never)
    expect(result.counts.failed).toBe(1)
    expect(result.reason).toMatch(/^not done after/)
    await delay(100)
    rmSync(join(root, 'alive'), { force: true })
    await delay(200)
    expect(existsSync(join(root, 'alive'))).toBe(false)
  })

  it('ends when it is interrupted', async () => {
    const stop = new AbortController()
    const running = runStep(root, step('setInterval(() => {}, 1000)'), stop.signal)
    stop.abort()
    expect(await running).toMatchObject({ counts: { failed: 1 }, reason: 'interrupted' })
  })

  it('says what to do when the program is missing', async () => {
    const result = await runStep(root, step('', { command: ['zonefall-no-such-program'] }), never)
    expect(result.counts.failed).toBe(1)
    expect(result.reason).toMatch(/could not be started \(run npm ci\)/)
  })
})

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe('the suites on the lab', () => {
  const skipOf = (name: string): string | undefined =>
    checkSteps(root)
      .find((one) => one.name === name)
      ?.skip?.()
  const plant = (file: string): void => {
    mkdirSync(join(root, 'lib/x'), { recursive: true })
    writeFileSync(join(root, 'lib/x', file), '')
  }

  it.runIf(isRoot)('run when they have a test, sabotage apart from the rest', () => {
    expect(skipOf('lab')).toBe('there is no *.lab.test.ts yet')
    plant('a.sabotage.lab.test.ts')
    expect(skipOf('lab')).toBe('there is no *.lab.test.ts yet')
    expect(skipOf('sabotage')).toBeUndefined()
    plant('a.lab.test.ts')
    expect(skipOf('lab')).toBeUndefined()
  })

  it.skipIf(isRoot)('say what they need', () => {
    plant('a.lab.test.ts')
    expect(skipOf('lab')).toMatch(/^the lab needs (root|Linux)/)
  })
})
