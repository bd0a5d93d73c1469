import { array, assert, nat, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OperationRecord } from '../model/operation.ts'
import { type AvailabilityClaim, checkAvailability } from './availability.ts'
import { agree, digits, record, Tally } from './testing/records.ts'

const SECOND = 1e9
const PHASES = [
  { name: 'before', fromNs: 0, untilNs: 10 * SECOND },
  { name: 'during', fromNs: 10 * SECOND, untilNs: 20 * SECOND },
  { name: 'after', fromNs: 20 * SECOND, untilNs: 30 * SECOND },
]

/** Two operations per second from 0 to 30 s, of which some don't end well; answers take 0.1 s. */
function load(
  zone: string,
  troubled: (atSeconds: number) => Partial<OperationRecord> | undefined = () => undefined,
): OperationRecord[] {
  return Array.from({ length: 61 }, (_, index) => {
    const sentNs = (index / 2) * SECOND
    const timing = { sentNs, doneNs: sentNs + SECOND / 10 }
    return record({ kind: 'write', index, zone, ...timing, ...troubled(index / 2) })
  })
}
const check = (history: OperationRecord[], claims: AvailabilityClaim[], clockUncertaintyNs = 0) =>
  checkAvailability(history, { clockUncertaintyNs, phases: PHASES, claims })
const timedOut = { outcome: 'info', error: 'OperationTimedOut' } as const

test('a zone that goes on is told with its figures', () => {
  const { verdict, summary, evidence } = check(load('b'), [
    { zone: 'b', phase: 'before', minAcknowledged: 20 },
    { zone: 'b', phase: 'during', minAcknowledged: 20, minRatio: 1, maxGapMs: 100 },
  ])
  expect(verdict).toBe('true')
  expect(summary).toBe(
    'Zone b before: 20 of 20 acknowledged, longest gap 0.100 s. ' +
      'Zone b during: 20 of 20 acknowledged, longest gap 0.100 s.',
  )
  expect(evidence.zones[1]).toEqual({
    zone: 'b',
    phase: 'during',
    due: 20,
    ok: 20,
    fail: 0,
    info: 0,
    ratio: 1,
    longestGap: { fromMs: 10_000, lengthMs: 100 },
    firstSuccessMs: 600,
    latencyMs: { p50: 100, p95: 100, p99: 100, max: 100 },
    errors: {},
  })
})

describe('a claim that is broken is told exactly', () => {
  const outage = load('b', (at) => (at >= 12 && at < 16 ? timedOut : undefined))

  test.for<[string, Partial<AvailabilityClaim>, string]>([
    [
      'too few acknowledged',
      { minRatio: 0.99 },
      '12 of 20 operations that were due in zone b during (10.000 s to 20.000 s) were acknowledged ' +
        '(60.00 %), not at least 99.00 %; the others: 8 × OperationTimedOut.',
    ],
    [
      'a gap',
      { maxGapMs: 4050 },
      'Nothing was acknowledged in zone b from 12.000 s for 4.100 s, longer than 4.050 s; the ' +
        'others: 8 × OperationTimedOut.',
    ],
    [
      'too many acknowledged, where the zone is claimed to be cut off',
      { maxRatio: 0 },
      '12 of 20 operations that were due in zone b during (10.000 s to 20.000 s) were acknowledged ' +
        '(60.00 %), not at most 0.00 %.',
    ],
  ])('%s', ([, claim, said]) => {
    const { verdict, summary } = check(outage, [{ zone: 'b', phase: 'during', ...claim }])
    expect(verdict).toBe('false')
    expect(summary).toBe(`Zone b, during: ${said}`)
  })

  test('a recovery that comes too late, or never', () => {
    const late = load('b', (at) => (at >= 10 && at < 23 ? timedOut : undefined))
    const claim = { zone: 'b', phase: 'after', maxFirstSuccessMs: 3000 }
    expect(check(late, [claim])).toMatchObject({
      verdict: 'false',
      summary:
        'Zone b, after: The first success in zone b came 3.100 s into the phase after; it was due within 3.000 s.',
    })
    expect(check(late, [{ ...claim, maxFirstSuccessMs: 3100 }]).verdict).toBe('true')
    const never = load('b', (at) => (at >= 10 ? timedOut : undefined))
    expect(check(never, [claim])).toMatchObject({
      verdict: 'false',
      summary:
        'Zone b, after: Nothing that was sent in zone b after (20.000 s to 30.000 s) was ' +
        'acknowledged in it; it was due within 3.000 s.',
    })
    // Not seen for long enough to say so.
    expect(check(never, [{ ...claim, maxFirstSuccessMs: 20_000 }]).verdict).toBe('unknown')
  })

  test('a success of what was sent before the phase is no recovery', () => {
    const hanging = load('b', (at) =>
      at === 19.5 ? { doneNs: 21 * SECOND } : at > 19 ? timedOut : {},
    )
    expect(check(hanging, []).evidence.zones[2]).not.toHaveProperty('firstSuccessMs')
  })

  test('only of the zone and the phase that are claimed', () => {
    const cut = load('a', (at) =>
      at >= 10 && at < 20 ? { outcome: 'fail', error: 'Unavailable' } : undefined,
    )
    const claims = [
      { zone: 'a', phase: 'before', minRatio: 1 },
      { zone: 'a', phase: 'during', maxRatio: 0 },
      { zone: 'a', phase: 'after', minRatio: 1, maxFirstSuccessMs: 700 },
      { zone: 'b', phase: 'during', minRatio: 1, maxGapMs: 600 },
    ]
    const { verdict, evidence } = check([...cut, ...load('b')], claims)
    expect(verdict).toBe('true')
    expect(evidence.zones[1]).toMatchObject({ ok: 0, fail: 20, errors: { Unavailable: 20 } })
  })
})

describe('what proves nothing is unknown', () => {
  test.for<[string, OperationRecord[], AvailabilityClaim[], string]>([
    ['no claim', load('b'), [], 'Nothing is claimed of any zone.'],
    [
      'no operation',
      [],
      [{ zone: 'b', phase: 'during', maxRatio: 0 }],
      'No operation of zone b was due during (10.000 s to 20.000 s).',
    ],
    [
      'none in the phase',
      load('b').slice(0, 20),
      [{ zone: 'b', phase: 'during', maxGapMs: 600 }],
      'No operation of zone b was due during (10.000 s to 20.000 s).',
    ],
    [
      'too few',
      load('b'),
      [{ zone: 'b', phase: 'during', minAcknowledged: 21 }],
      '20 of 20 operations of zone b were acknowledged during (10.000 s to 20.000 s); 21 are needed to say anything.',
    ],
  ])('%s', ([, history, claims, said]) => {
    expect(check(history, claims)).toMatchObject({ verdict: 'unknown', summary: said })
  })

  test('a claim about a phase that there is not is refused', () => {
    expect(() => check(load('b'), [{ zone: 'b', phase: 'later' }])).toThrow(
      'There is no phase later; there are before, during, after.',
    )
  })
})

test('an operation whose phase the clocks leave open counts in none', () => {
  const due = (uncertainty: number) =>
    check(load('b'), [], uncertainty * SECOND).evidence.zones.map((zone) => zone.due)
  expect(due(0)).toEqual([20, 20, 20])
  expect(due(0.1)).toEqual([19, 19, 19])
  const outage = load('b', (at) => (at >= 12 && at < 16 ? timedOut : undefined))
  const claim = { zone: 'b', phase: 'during', maxGapMs: 4000 }
  expect(check(outage, [claim], 0.04 * SECOND).verdict).toBe('false')
  expect(check(outage, [claim], 0.05 * SECOND).verdict).toBe('true')
})

test('a pause of the load is no gap', () => {
  const paused = load('b').filter(({ dueNs }) => dueNs < 12 * SECOND || dueNs >= 18 * SECOND)
  const stopped = load('b').filter(({ dueNs }) => dueNs < 12 * SECOND)
  for (const history of [paused, stopped]) {
    expect(check(history, []).evidence.zones[1]?.longestGap.lengthMs).toBe(100)
  }
})

/** Figures of a zone in a phase by trying every stretch of whole ticks. */
function oracle(records: readonly OperationRecord[], fromNs: number, untilNs: number, off: number) {
  const due = records.filter(({ dueNs }) => dueNs - off >= fromNs && dueNs + off < untilNs)
  const acknowledged = records.filter(({ outcome }) => outcome === 'ok')
  const end = Math.min(untilNs, Math.max(...records.map(({ dueNs }) => dueNs)))
  let gap = 0
  for (let a = fromNs; a <= end; a += 1) {
    const waits = records.some(
      ({ dueNs }) =>
        dueNs >= fromNs &&
        dueNs <= a &&
        acknowledged.every(({ doneNs }) => doneNs <= dueNs || doneNs > a),
    )
    if (!waits) continue
    for (let b = a; b <= end; b += 1) {
      const silent = acknowledged.every(({ doneNs }) => doneNs <= a || doneNs >= b)
      if (silent) gap = Math.max(gap, b - a)
    }
  }
  const firsts = acknowledged
    .filter(({ sentNs, doneNs }) => sentNs - off > fromNs && doneNs < untilNs)
    .map(({ doneNs }) => doneNs - fromNs)
  return {
    due: due.length,
    ok: due.filter(({ outcome }) => outcome === 'ok').length,
    gap,
    first: firsts.length === 0 ? null : Math.min(...firsts),
  }
}

const histories = tuple(array(nat(2 ** 30), { minLength: 1, maxLength: 8 }), nat(2 ** 20)).map(
  ([drawn, bounds]) => {
    const digit = digits(bounds)
    const fromNs = digit(12)
    return {
      fromNs,
      untilNs: fromNs + 1 + digit(16),
      uncertaintyNs: digit(3),
      records: drawn.map((one) => {
        const next = digits(one)
        const dueNs = next(24)
        const sentNs = dueNs + next(3)
        const outcome = (['ok', 'ok', 'info', 'fail'] as const)[next(4)] ?? 'ok'
        return record({ kind: 'read', dueNs, sentNs, doneNs: sentNs + next(8), outcome })
      }),
    }
  },
)

test('its figures are the ones of trying every stretch, of 10,000 small histories', () => {
  const met = new Tally()
  assert(
    property(histories, ({ fromNs, untilNs, uncertaintyNs, records }) => {
      const phases = [{ name: 'phase', fromNs, untilNs }]
      const options = { clockUncertaintyNs: uncertaintyNs, phases, claims: [] }
      const row = checkAvailability(records, options).evidence.zones[0]
      const expected = oracle(records, fromNs, untilNs, uncertaintyNs)
      const ticks = (ms = 0) => Math.round(ms * 1e6)
      const said = {
        due: row?.due,
        ok: row?.ok,
        gap: ticks(row?.longestGap.lengthMs),
        first: row?.firstSuccessMs === undefined ? null : ticks(row.firstSuccessMs),
      }
      agree('figures', said, expected)
      for (const [what, figure] of Object.entries(expected))
        if (figure !== null && figure > 0) met.add(what)
    }),
    { numRuns: 10_000 },
  )
  for (const what of ['due', 'ok', 'gap', 'first']) expect(met.of(what)).toBeGreaterThan(1000)
})
