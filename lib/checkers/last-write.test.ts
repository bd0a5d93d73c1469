import { array, assert, nat, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OperationRecord } from '../model/operation.ts'
import { checkLastWrite } from './last-write.ts'
import { agree, before, digits, record, Tally } from './testing/records.ts'

const SECOND = 1e9
const exact = { clockUncertaintyNs: 0 }
const write = (n: number, sent: number, done: number, more: Partial<OperationRecord> = {}) =>
  record({
    kind: 'write',
    index: n,
    value: `v${n}`,
    timestampMicros: n,
    sentNs: sent * SECOND,
    doneNs: done * SECOND,
    ...more,
  })
const read = (sent: number, done: number, n?: number, more: Partial<OperationRecord> = {}) =>
  record({
    kind: 'read',
    sentNs: sent * SECOND,
    doneNs: done * SECOND,
    process: 'client-b',
    zone: 'us-east-1b',
    ...(n === undefined ? {} : { found: [{ value: `v${n}`, writtenMicros: n }] }),
    ...more,
  })

describe('a stale read is told exactly', () => {
  test('an older value than the one that was acknowledged', () => {
    const { recency, monotonicReads } = checkLastWrite(
      [write(1, 1, 2), write(2, 3, 4), read(5, 6, 1)],
      exact,
    )
    expect(recency).toMatchObject({
      verdict: 'false',
      summary:
        '1 read stale of 1: The read of k by client-b in us-east-1b from 5.000 s to 6.000 s found ' +
        'v1 (timestamp 1), though client-a in us-east-1a had v2 (timestamp 2) acknowledged at 4.000 s.',
      evidence: { counts: { writes: 2, acknowledged: 2, reads: 1, compared: 1, stale: 1 } },
    })
    expect(monotonicReads.verdict).toBe('unknown')
  })

  test('nothing, though something was acknowledged', () => {
    const { recency } = checkLastWrite([write(1, 1, 2), read(5, 6)], exact)
    expect(recency.summary).toContain('from 5.000 s to 6.000 s found nothing, though client-a')
  })
})

test('a process that goes back in time is told exactly', () => {
  const { recency, monotonicReads } = checkLastWrite(
    [write(1, 1, 2), write(2, 3, 20), read(5, 6, 2), read(7, 8, 1)],
    exact,
  )
  expect(recency.verdict).toBe('true')
  expect(monotonicReads).toMatchObject({
    verdict: 'false',
    summary:
      '1 read back in time of 1: The read of k by client-b in us-east-1b from 7.000 s to 8.000 s ' +
      'found v1 (timestamp 1), though the same process had found v2 by 6.000 s.',
    evidence: { counts: { reads: 2, compared: 1, backwards: 1 } },
  })
  const others = [write(1, 1, 2), write(2, 3, 20), read(5, 6, 2), read(7, 8, 1, { process: 'c' })]
  expect(checkLastWrite(others, exact).monotonicReads.verdict).toBe('unknown')
})

test.for<[string, OperationRecord[], OperationRecord, string]>([
  ['nobody wrote', [], read(5, 6, 9), 'v9, which nobody wrote.'],
  [
    'was refused',
    [write(2, 3, 4, { outcome: 'fail', error: 'Unavailable' })],
    read(5, 6, 2),
    'v2, whose write was refused at 4.000 s: Unavailable.',
  ],
  [
    'is of the future',
    [write(2, 8, 9)],
    read(5, 6, 2),
    'v2, which client-a wrote only at 8.000 s.',
  ],
  [
    'has another timestamp',
    [],
    read(5, 6, 1, { found: [{ value: 'v1', writtenMicros: 77 }] }),
    'v1, written at the timestamp 77; it was sent with 1.',
  ],
])('a value that %s is told exactly', ([, writes, one, end]) => {
  const { recency } = checkLastWrite([write(1, 1, 2), ...writes, one, read(5, 6, 1)], exact)
  expect(recency).toMatchObject({
    verdict: 'false',
    summary: `1 read of a wrong value: The read of k by client-b in us-east-1b from 5.000 s to 6.000 s found ${end}`,
    evidence: { counts: { unexpected: 1, stale: 0 } },
  })
})

test('what proves nothing is unknown', () => {
  const both = (history: OperationRecord[]) => {
    const { recency, monotonicReads } = checkLastWrite(history, exact)
    return [recency.verdict, recency.summary, monotonicReads.verdict, monotonicReads.summary]
  }
  const nothing = [
    'unknown',
    'None of 0 reads began after an acknowledged write of its key.',
    'unknown',
    'No process read a key again after it had read it.',
  ]
  expect(both([])).toEqual(nothing)
  expect(both([write(1, 1, 2), read(3, 4, 1, { outcome: 'info' })])).toEqual(nothing)
  expect(both([write(1, 1, 2, { outcome: 'info' }), read(3, 4, 1), read(5, 6, 1)])).toEqual([
    'unknown',
    'None of 2 reads began after an acknowledged write of its key.',
    'true',
    'None of 1 reads shows less than its process had read before.',
  ])
  const good = [read(5, 6, 1), read(7, 8, 1)]
  for (const [writes, said] of [
    [
      [write(1, 1, 2), write(2, 1, 2, { process: 'c' })],
      'Key k was written by client-a and c; the checker needs one writer.',
    ],
    [
      [write(1, 1, 2), write(2, 1, 2, { timestampMicros: 1 })],
      'Write 2 of k has the timestamp 1, no more than the one before; the checker needs rising ones.',
    ],
    [
      [record({ kind: 'write', value: 'v1', sentNs: 1, doneNs: 2 })],
      "Write 0 of k by client-a has no timestamp; the checker needs each write's.",
    ],
  ] as const) {
    const { recency, monotonicReads } = checkLastWrite([...writes, ...good], exact)
    expect([recency.verdict, monotonicReads.verdict]).toEqual(['unknown', 'unknown'])
    expect(recency.summary).toContain(said)
  }
})

test('precedence is strict, and clocks are not trusted beyond their uncertainty', () => {
  const verdict = (sent: number, uncertainty: number) =>
    checkLastWrite([write(1, 1, 2), write(2, 3, 4), read(sent, 6, 1)], {
      clockUncertaintyNs: uncertainty * SECOND,
    }).recency.verdict
  expect([verdict(4, 0), verdict(4.1, 0)]).toEqual(['true', 'false'])
  expect([verdict(4.2, 0.1), verdict(4.2, 0.09)]).toEqual(['true', 'false'])
})

/** The definitions, word for word. */
function oracle(history: readonly OperationRecord[], uncertaintyNs: number) {
  const writes = history.filter(({ kind }) => kind === 'write')
  const reads = history.filter(({ kind, outcome }) => kind === 'read' && outcome === 'ok')
  const written = (one: OperationRecord) =>
    writes.find(({ key, value }) => key === one.key && value === one.found?.[0]?.value)
  const known = reads.filter((one) => one.found === undefined || written(one) !== undefined)
  const rank = (one: OperationRecord) => written(one)?.timestampMicros ?? -1
  const stale = known.filter((one) =>
    writes.some(
      (other) =>
        other.key === one.key &&
        other.outcome === 'ok' &&
        before(other, one, uncertaintyNs) &&
        (other.timestampMicros ?? 0) > rank(one),
    ),
  )
  const unexpected = reads.filter((one) => {
    const value = one.found?.[0]
    const by = written(one)
    if (value === undefined) return false
    if (by === undefined || by.outcome === 'fail' || before(one, by, uncertaintyNs)) return true
    return value.writtenMicros !== by.timestampMicros
  })
  const backwards = known.filter((one) =>
    known.some(
      (other) =>
        other.process === one.process &&
        other.key === one.key &&
        other.doneNs < one.sentNs &&
        rank(other) > rank(one),
    ),
  )
  return { stale: stale.length, unexpected: unexpected.length, backwards: backwards.length }
}

/** Up to five writes and five reads of two keys by two processes within a few ticks. */
const histories = tuple(
  array(nat(2 ** 30), { maxLength: 5 }),
  array(nat(2 ** 30), { maxLength: 5 }),
).map(([writes, reads]) => {
  const written = writes.map((drawn, i) => {
    const digit = digits(drawn)
    const key = `k${digit(2)}`
    const sentNs = digit(16)
    const outcome = (['ok', 'ok', 'ok', 'info', 'fail'] as const)[digit(5)] ?? 'ok'
    const doneNs = sentNs + digit(6)
    return record({
      kind: 'write',
      index: i,
      key,
      value: `v${i}`,
      timestampMicros: i,
      sentNs,
      doneNs,
      outcome,
    })
  })
  return [
    ...written,
    ...reads.map((drawn) => {
      const digit = digits(drawn)
      const key = `k${digit(2)}`
      const sentNs = digit(20)
      const doneNs = sentNs + digit(5)
      const process = `p${digit(2)}`
      const outcome = digit(8) === 7 ? 'info' : 'ok'
      const luck = digit(16)
      const likely = written.findLast((one) => one.key === key && one.doneNs < doneNs)?.index ?? -1
      const n = luck < 9 ? likely : digit(written.length + 1)
      const seen = { value: `v${n}`, writtenMicros: luck === 15 ? 99 : n }
      return record({
        kind: 'read',
        key,
        sentNs,
        doneNs,
        process,
        outcome,
        ...(n < 0 || luck === 14 ? {} : { found: [seen] }),
      })
    }),
  ]
})

test('it says what the definitions say, of 20,000 small histories', () => {
  const met = new Tally()
  assert(
    property(histories, nat(2), (history, clockUncertaintyNs) => {
      const { recency, monotonicReads } = checkLastWrite(history, { clockUncertaintyNs })
      const { stale, unexpected } = recency.evidence.counts
      const { backwards } = monotonicReads.evidence.counts
      const said = { stale, unexpected, backwards }
      agree('counts', said, oracle(history, clockUncertaintyNs))
      agree('recency', recency.verdict === 'false', stale + unexpected > 0)
      agree('monotonic reads', monotonicReads.verdict === 'false', backwards > 0)
      for (const [kind, count] of Object.entries(said)) if (count > 0) met.add(kind)
      met.add(`recency ${recency.verdict}`)
      met.add(`monotonic ${monotonicReads.verdict}`)
    }),
    { numRuns: 20_000 },
  )
  for (const kind of ['stale', 'unexpected', 'backwards', 'recency true', 'monotonic true']) {
    expect(met.of(kind), `histories with ${kind}`).toBeGreaterThan(200)
  }
})
