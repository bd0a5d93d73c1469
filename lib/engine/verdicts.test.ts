import { describe, expect, test } from 'vitest'
import { DataLossError, InconclusiveError, PlacementError } from '../model/errors.ts'
import type { ScenarioInfo, ScenarioOutcome, ScenarioResult } from '../model/scenario.ts'
import { WaitTimeoutError } from '../std/poll.ts'
import { unmetNeeds } from './conduct.ts'
import { decideExit, type Ending } from './exit-code.ts'
import { Interrupts } from './interrupts.ts'
import { outcomeOfError, outcomeOfEvidence } from './outcome.ts'
import { selectScenarios } from './select.ts'
import { fileStem, scenarioId } from './collect.ts'

describe('what an error makes of a scenario', () => {
  test('only a claim that does not hold fails; a time-out is unknown and no defect', () => {
    expect(outcomeOfError(new DataLossError('gone', { hint: 'look' }))).toMatchObject({
      outcome: 'fail',
      errorClass: 'DataLossError',
      reason: 'gone',
      hint: 'look',
    })
    expect(outcomeOfError(new InconclusiveError('?'))).not.toHaveProperty('foreign')
    const timeout = new WaitTimeoutError({ what: 'x', budget: 'podReady' }, 1000, 'nothing')
    expect(outcomeOfError(timeout)).toMatchObject({ outcome: 'unknown' })
    expect(outcomeOfError(timeout)).not.toHaveProperty('foreign')
  })

  test('what zonefall does not raise itself is unknown and a defect', () => {
    expect(outcomeOfError(new TypeError('x', { cause: new Error('y') }))).toMatchObject({
      outcome: 'unknown',
      errorClass: 'TypeError',
      reason: 'x: y',
      foreign: true,
    })
    expect(outcomeOfError('thrown text')).toMatchObject({ outcome: 'unknown', foreign: true })
  })

  test('of several errors the worst counts and all are told', () => {
    const error = new AggregateError([new InconclusiveError('a'), new PlacementError('b')], 'both')
    expect(outcomeOfError(error)).toMatchObject({
      outcome: 'fail',
      errorClass: 'PlacementError',
      reason: 'a · b',
    })
  })

  test('without an error the evidence decides, and none proves nothing', () => {
    const item = (verdict: 'true' | 'false' | 'unknown') =>
      ({ check: 'c', verdict, summary: `saw ${verdict}` }) as const
    expect(outcomeOfEvidence([]).outcome).toBe('unknown')
    expect(outcomeOfEvidence([item('true')])).toEqual({ outcome: 'pass' })
    expect(outcomeOfEvidence([item('true'), item('unknown')]).outcome).toBe('unknown')
    expect(outcomeOfEvidence([item('unknown'), item('false')])).toMatchObject({
      outcome: 'fail',
      reason: 'saw false',
    })
  })
})

describe('exit codes', () => {
  const result = (outcome: ScenarioOutcome, foreign?: true): ScenarioResult => ({
    id: 'a/b',
    file: 'scenarios/a.scenario.ts',
    claim: 'b',
    tags: [],
    outcome,
    evidence: [],
    startedAtMs: 0,
    durationMs: 1,
    ...(foreign ? { foreign } : {}),
  })
  const calm: Ending = { results: [], leaks: [], undoErrors: [], harnessErrors: [] }

  test.for<[string, Partial<Ending>, number]>([
    ['all passed', { results: [result('pass'), result('skipped')] }, 0],
    ['a failure outweighs an unknown', { results: [result('unknown'), result('fail')] }, 1],
    ['unknown', { results: [result('pass'), result('unknown')] }, 2],
    ['all skipped', { results: [result('skipped')] }, 2],
    ['a defect outweighs a failure', { results: [result('fail'), result('unknown', true)] }, 5],
    ['the harness broke', { results: [result('pass')], harnessErrors: ['x'] }, 5],
    ['a leak outweighs all', { results: [result('unknown', true)], leaks: ['PVC x is left.'] }, 4],
    ['an undo failed', { results: [result('pass')], undoErrors: ['x'] }, 4],
    ['Ctrl-C', { results: [result('unknown')], interruptedBy: 'SIGINT' }, 130],
    ['terminated', { results: [result('fail')], interruptedBy: 'SIGTERM' }, 143],
    ['Ctrl-C with a leak', { leaks: ['x'], interruptedBy: 'SIGINT' }, 4],
    ['time limit', { results: [result('unknown')], interruptedBy: 'time-limit' }, 2],
  ])('%s', ([, ending, code]) => {
    expect(decideExit({ ...calm, ...ending }).exitCode).toBe(code)
  })

  test('what is wrong is part of a sentence that goes on', () => {
    expect(decideExit({ ...calm, leaks: ['PVC x is left.', 'y'] }).verdictText).toBe(
      'Not everything is as it was before: PVC x is left (and 1 more)',
    )
    expect(decideExit({ ...calm, harnessErrors: ['It broke.'] }).verdictText).toBe(
      'The harness itself broke: It broke',
    )
  })
})

test('the first interrupt stops, the second stops at once, a time limit is never the second', () => {
  const byHand = new Interrupts()
  byHand.interrupt('SIGINT')
  byHand.interrupt('time-limit')
  expect([byHand.first.aborted, byHand.second.aborted]).toEqual([true, false])
  byHand.interrupt('SIGTERM')
  expect([byHand.reason, byHand.second.aborted]).toEqual(['SIGINT', true])
  const byTime = new Interrupts()
  byTime.interrupt('time-limit')
  byTime.interrupt('SIGINT')
  expect([byTime.reason, byTime.second.aborted]).toEqual(['SIGINT', false])
})

const info = (id: string, options: ScenarioInfo['options']): ScenarioInfo => ({
  id,
  file: `scenarios/${id.split('/').slice(0, 2).join('/')}.scenario.ts`,
  claim: id,
  options,
})
const all = [
  info('cassandra/cordon/waits', { tags: ['seed'], tier: 'smoke' }),
  info('cassandra/cordon/returns', { tags: ['seed', 'identity'] }),
  info('mysql/async/loses', { tags: ['mysql'], tier: 'full' }),
]
const ids = (filters: string[], tier: 'smoke' | 'nightly' | 'full', tags: string[] = []) =>
  selectScenarios(all, { filters, tier, tags }).map(({ id }) => id)

test('scenarios are chosen by filter, tier and tag', () => {
  expect(ids([], 'smoke')).toEqual(['cassandra/cordon/waits'])
  expect(ids([], 'nightly')).toEqual(['cassandra/cordon/waits', 'cassandra/cordon/returns'])
  expect(ids(['loses', 'scenarios/cassandra/cordon.scenario.ts'], 'full')).toHaveLength(3)
  expect(ids([], 'full', ['identity'])).toEqual(['cassandra/cordon/returns'])
})

test('what matches nothing is refused with what there is', () => {
  expect(() => ids(['cassandra/cordon/wait5'], 'full')).toThrow(
    expect.objectContaining({
      message: 'No scenario matches cassandra/cordon/wait5.',
      hint: expect.stringContaining('Did you mean cassandra/cordon/waits?'),
    }),
  )
  expect(() => ids([], 'full', ['sed'])).toThrow('No scenario has the tag sed.')
  expect(() => ids(['mysql'], 'smoke')).toThrow('No scenario is left for filter mysql, tier smoke.')
})

test('ids come from the file and the claim', () => {
  expect(fileStem('/x/scenarios/cassandra/cordon.scenario.ts')).toBe('cassandra/cordon')
  expect(scenarioId('scenarios/a/b.scenario.ts', 'It waits, then returns')).toBe(
    'a/b/it-waits-then-returns',
  )
})

test('needs that the target does not meet are told', () => {
  const needy = info('a/b/c', {
    tags: [],
    needs: { zones: 3, nodesPerZone: 2, capabilities: ['ec2', 'exec'] },
  })
  const node = { name: 'n' }
  const zones = [
    { name: 'a', nodes: [node, node] },
    { name: 'b', nodes: [node] },
    { name: 'c', nodes: [] },
  ]
  expect(unmetNeeds(needy, { kind: 'kubeconfig', zones, capabilities: ['exec'] })).toEqual([
    '3 zones with a usable node (the target has 2)',
    '2 nodes in each zone (the smallest has 1)',
    'the capability ec2 (target kubeconfig lacks it)',
  ])
})
