import { describe, expect, it } from 'vitest'
import type { TimelineEvent } from '../model/timeline.ts'
import { coveredMs, pairSpans, uncovered } from './spans.ts'

const event = (atMs: number, kind: string, rest: Partial<TimelineEvent> = {}): TimelineEvent => ({
  atMs,
  source: 'scenario',
  kind,
  ...rest,
})

describe('pairSpans', () => {
  it('pairs by id, also when waits overlap and share their text', () => {
    const spans = pairSpans([
      event(0, 'wait.begin', { text: 'ready', data: { id: 'a' } }),
      event(10, 'wait.begin', { text: 'ready', data: { id: 'b' } }),
      event(20, 'wait.end', { data: { id: 'a', outcome: 'timeout' } }),
      event(50, 'wait.end', { data: { id: 'b' } }),
    ])
    expect(spans).toMatchObject([
      { kind: 'wait', beginMs: 0, endMs: 20, closed: true, outcome: 'timeout' },
      { kind: 'wait', beginMs: 10, endMs: 50, closed: true },
    ])
  })

  it('pairs by scenario and text where there is no id', () => {
    const spans = pairSpans([
      event(0, 'wait.begin', { scenario: 's', text: 'one' }),
      event(5, 'wait.begin', { scenario: 's', text: 'two' }),
      event(7, 'wait.end', { scenario: 's', text: 'one' }),
      event(9, 'wait.end', { scenario: 's', text: 'two' }),
    ])
    expect(spans.map((span) => [span.text, span.beginMs, span.endMs])).toEqual([
      ['one', 0, 7],
      ['two', 5, 9],
    ])
  })

  it('ends what a kill left open with the timeline, and drops an end without a begin', () => {
    const spans = pairSpans([
      event(1, 'step.end', { data: { id: 'never begun' } }),
      event(3, 'step.begin', { data: { id: 'boot' }, text: 'boot machines' }),
      event(8, 'fault.injected'),
    ])
    expect(spans).toMatchObject([{ text: 'boot machines', beginMs: 3, endMs: 8, closed: false }])
  })
})

describe('coverage', () => {
  const spans = pairSpans([
    event(10, 'wait.begin', { text: 'a' }),
    event(15, 'wait.begin', { text: 'b' }),
    event(20, 'wait.end', { text: 'b' }),
    event(30, 'wait.end', { text: 'a' }),
    event(50, 'wait.begin', { text: 'c' }),
    event(90, 'wait.end', { text: 'c' }),
  ])

  it('counts overlapping spans once', () => expect(coveredMs(spans, 0, 100)).toBe(60))
  it('stays inside its bounds', () => expect(coveredMs(spans, 20, 60)).toBe(20))
  it('names the gaps', () =>
    expect(uncovered(spans, 0, 100)).toEqual([
      { beginMs: 0, lengthMs: 10 },
      { beginMs: 30, lengthMs: 20 },
      { beginMs: 90, lengthMs: 10 },
    ]))
})
