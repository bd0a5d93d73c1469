import { describe, expect, it } from 'vitest'
import type { TimelineEvent } from '../lib/model/timeline.ts'
import { measureOverhead } from './overhead.ts'

const event = (
  atMs: number,
  kind: string,
  id?: string,
  source: TimelineEvent['source'] = 'scenario',
): TimelineEvent => ({
  atMs,
  kind,
  source,
  ...(id === undefined ? {} : { data: { id }, text: id }),
})

describe('measureOverhead', () => {
  it('is the time in which nothing named is awaited', () => {
    const overhead = measureOverhead(
      [
        event(10, 'wait.begin', 'a'),
        event(20, 'wait.begin', 'b'),
        event(60, 'wait.end', 'a'),
        event(70, 'wait.end', 'b'),
        event(75, 'fault.injected'),
        event(80, 'wait.begin', 'c'),
        event(100, 'wait.end', 'c'),
      ],
      110,
    )
    expect(overhead).toMatchObject({ totalMs: 110, overheadMs: 30, waits: 3, unclosed: 0 })
    expect(overhead.share).toBeCloseTo(30 / 110)
    expect(overhead.gaps.map(({ atMs, lengthMs }) => [atMs, lengthMs])).toEqual([
      [0, 10],
      [70, 10],
      [100, 10],
    ])
    expect(overhead.gaps[1]).toMatchObject({ after: 'wait.end (b)', before: 'wait.begin (c)' })
  })

  it('counts the steps of the target, not those of a scenario or the scenario itself', () => {
    const of = (kind: string, source: TimelineEvent['source']): number =>
      measureOverhead([
        event(0, `${kind}.begin`, 'x', source),
        event(100, `${kind}.end`, 'x', source),
      ]).overheadMs
    expect(of('step', 'supervisor')).toBe(0)
    expect(of('step', 'lab')).toBe(0)
    expect(of('step', 'scenario')).toBe(100)
    expect(of('scenario', 'scenario')).toBe(100)
  })

  it('tells of waits that never ended, because they hide overhead', () => {
    expect(measureOverhead([event(0, 'wait.begin', 'a'), event(50, 'fault.healed')])).toMatchObject(
      { overheadMs: 0, unclosed: 1 },
    )
  })

  it('is nothing of nothing', () => {
    expect(measureOverhead([])).toMatchObject({ totalMs: 0, share: 0, waits: 0, gaps: [] })
  })
})
