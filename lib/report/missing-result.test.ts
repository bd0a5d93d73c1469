import { expect, test } from 'vitest'
import type { TimelineEvent } from '../model/timeline.ts'
import { missingResult } from './missing-result.ts'

const info = { id: 'a/b/c', file: 'scenarios/a/b.scenario.ts', claim: 'c', options: { tags: [] } }
const event = (atMs: number, kind: string, scenario?: string): TimelineEvent => ({
  atMs,
  source: 'supervisor',
  kind,
  text: '',
  ...(scenario === undefined ? {} : { scenario }),
})

test.for<[string, TimelineEvent[], number]>([
  [
    'the clean-up began',
    [event(70_000, 'pod.ready'), event(80_000, 'cleanup.begin'), event(99_000, 'run.end')],
    79_000,
  ],
  [
    'the next scenario began',
    [event(5000, 'scenario.begin', 'a/b/d'), event(80_000, 'cleanup.begin')],
    4000,
  ],
  ['the timeline broke off', [event(9000, 'pod.ready')], 8000],
])('what did not end lasted until %s', ([, later, durationMs]) => {
  const events = [
    event(500, 'step.end'),
    event(1000, 'scenario.begin', info.id),
    event(1400, 'claim.phase', info.id),
    ...later,
  ]
  expect(missingResult(info, events, 'interrupted')).toMatchObject({
    startedAtMs: 1000,
    durationMs,
    reason: 'It did not end: interrupted',
  })
})

test('what never began lasted no time', () => {
  expect(missingResult(info, [event(500, 'step.end')], 'interrupted')).toMatchObject({
    durationMs: 0,
    reason: 'It never began: interrupted',
  })
})

test('scenarios that may have run beside it don’t tell when it ended', () => {
  const events = [
    event(1000, 'scenario.begin', info.id),
    event(2000, 'scenario.begin', 'a/beside/d'),
    event(3000, 'claim.phase', info.id),
    event(4000, 'scenario.begin', 'a/later/e'),
    event(9000, 'scenario.end', 'a/beside/d'),
  ]
  const duration = (beside: string[]): number =>
    missingResult(info, events, 'interrupted', new Set(beside)).durationMs
  expect(duration([])).toBe(1000)
  expect(duration(['a/beside/d'])).toBe(3000)
})
