import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { radiiOverlap, radiusOf } from '../model/blast-radius.ts'
import { FAULT_NAMES, type FaultName, type ScenarioInfo } from '../model/scenario.ts'
import { filesBeside, scenariosBeside } from '../model/stage.ts'
import { namespacesOf, placeOfFile, planStages } from './stages.ts'

const RUN_ID = '20261121-063012-k3f9'
const options = { parallel: 2, namespace: 'default', runId: RUN_ID }

function info(name: string, faults: readonly FaultName[], typicalSeconds = 1): ScenarioInfo {
  const file = `scenarios/db/${name}.scenario.ts`
  return { id: `db/${name}/x`, file, claim: 'x', options: { tags: [], faults, typicalSeconds } }
}

const clients = info('clients', ['delete-pod'], 150)
const process = info('process', ['kill-process', 'pause-process'], 300)
const cordon = info('cordon', ['cordon-zone', 'delete-pod'])
const cleanup = info('cleanup', [], 130)
const names = (stages: ReturnType<typeof planStages>): string[][] =>
  stages.map(({ files }) => files.map(({ file }) => file.split('/').at(-1)?.split('.')[0] ?? ''))

describe('the radius of scenarios', () => {
  test('is the farthest of their faults', () => {
    expect(radiusOf([])).toBe('deployment')
    expect(radiusOf([{ faults: ['delete-pod'] }, {}])).toBe('deployment')
    expect(radiusOf([{ faults: ['delete-pod'] }, { faults: ['power-cut'] }])).toBe('zones')
  })

  test('is wide for what may share a legacy ring with others', () => {
    expect(radiusOf([{ needs: { capabilities: ['exec', 'legacy'] } }])).toBe('zones')
    expect(radiusOf([{ needs: { capabilities: ['exec', 'launch-legacy'] } }])).toBe('deployment')
  })

  test('is a deployment for what touches its pods alone', () => {
    const own = FAULT_NAMES.filter((fault) => radiusOf([{ faults: [fault] }]) === 'deployment')
    expect(own).toEqual(['delete-pod', 'kill-process', 'pause-process'])
  })
})

describe('stages', () => {
  test('files that stay with their own run first, the longest at the beginning', () => {
    const stages = planStages([clients, cordon, cleanup, process], options)
    expect(names(stages)).toEqual([['process', 'clients', 'cleanup'], ['cordon']])
    expect(stages.map(({ atOnce }) => atOnce)).toEqual([2, 1])
    expect(namespacesOf(stages)).toEqual([
      'default-k3f9-1-process',
      'default-k3f9-2-clients',
      'default-k3f9-3-cleanup',
      'default',
    ])
    expect(filesBeside(stages, clients.file).map(({ file }) => file)).toEqual([
      process.file,
      cleanup.file,
    ])
    expect(filesBeside(stages, cordon.file)).toEqual([])
    const all = [clients, cordon, cleanup, process]
    expect(scenariosBeside(stages, all, cleanup.file)).toEqual(new Set([clients.id, process.id]))
  })

  test.for([
    ['one at a time is asked for', [clients, cordon, process], 1],
    ['there is one such file', [cordon, clients], 4],
  ] as const)('all is as it was in one stage where %s', ([, selected, parallel]) => {
    const files = selected.map(({ file }) => ({ file, namespace: 'default' }))
    expect(planStages(selected, { ...options, parallel })).toEqual([{ atOnce: 1, files }])
  })

  test('a namespace of the run’s own does not name the run twice, and none is too long', () => {
    const own = planStages([clients, process], { ...options, namespace: `zonefall-${RUN_ID}` })
    expect(namespacesOf(own)[1]).toBe(`zonefall-${RUN_ID}-2-clients`)
    const long = planStages([clients, process], { ...options, namespace: 'n'.repeat(63) })
    expect(namespacesOf(long)[1]).toMatch(/^n{48}-k3f9-2-clients$/)
  })

  const faults = fc.array(fc.constantFrom(...FAULT_NAMES), { maxLength: 3 })
  const someScenarios = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 7 }), faults, fc.nat(500)), { minLength: 1 })
    .map((items) => items.map(([file, declared, time]) => info(`f${file}`, declared, time)))

  test('whatever is chosen: every file once, and never two at once that overlap', () => {
    fc.assert(
      fc.property(someScenarios, fc.integer({ min: 1, max: 9 }), (selected, parallel) => {
        const stages = planStages(selected, { ...options, parallel })
        const planned = stages.flatMap(({ files }) => files.map(({ file }) => file))
        expect(planned.toSorted()).toEqual(
          [...new Set(selected.map(({ file }) => file))].toSorted(),
        )
        const radius = (file: string) =>
          radiusOf(selected.filter((item) => item.file === file).map((item) => item.options))
        for (const { file } of selected) {
          const mine = placeOfFile(stages, file)
          for (const other of filesBeside(stages, file)) {
            expect(radiiOverlap(radius(file), radius(other.file))).toBe(false)
            expect(other.namespace).not.toBe(mine?.namespace)
          }
        }
        for (const { atOnce } of stages) expect(atOnce).toBeLessThanOrEqual(parallel)
        for (const name of namespacesOf(stages)) expect(name).toMatch(/^[a-z0-9-]{1,63}$/)
      }),
    )
  })
})
