import { array, assert, nat, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OperationRecord } from '../model/operation.ts'
import { checkDurability } from './durability.ts'
import { agree, before, digits, found, record, Tally } from './testing/records.ts'

const SECOND = 1e9
const insert = (value: string, sent: number, done: number, more: Partial<OperationRecord> = {}) =>
  record({ kind: 'insert', value, sentNs: sent * SECOND, doneNs: done * SECOND, ...more })
const read = (sent: number, done: number, values: string[], more: Partial<OperationRecord> = {}) =>
  record({
    kind: 'read-set',
    sentNs: sent * SECOND,
    doneNs: done * SECOND,
    found: found(...values),
    process: 'client-b',
    zone: 'us-east-1b',
    ...more,
  })
const exact = { clockUncertaintyNs: 0 }

describe('each anomaly is told exactly', () => {
  test('an acknowledged id that no read finds is lost', () => {
    const { verdict, summary, evidence } = checkDurability(
      [insert('a-1', 1, 1.5), insert('a-2', 2, 2.5), read(3, 4, ['a-2'])],
      exact,
    )
    expect(verdict).toBe('false')
    expect(summary).toBe(
      '1 id lost of 2 acknowledged: Id a-1 of k, inserted by client-a in us-east-1a and ' +
        'acknowledged at 1.500 s, is missing from the read by client-b in us-east-1b from 3.000 s ' +
        'to 4.000 s; no read ever found it.',
    )
    expect(evidence).toMatchObject({
      counts: { attempted: 2, acknowledged: 2, lost: 1, stable: 1, stale: 0, reads: 1 },
      ids: { lost: ['a-1'] },
      lostLatencyMs: { max: 0 },
      lostAcknowledged: { count: 1, firstAtMs: 1500, lastAtMs: 1500 },
    })
  })

  test('an id that was there and is gone is lost, with the time it was there', () => {
    const { summary, evidence } = checkDurability(
      [insert('a-1', 1, 2), read(3, 4, ['a-1']), read(5, 6, ['a-1']), read(7, 8, [])],
      exact,
    )
    expect(summary).toContain(
      'is missing from the read by client-b in us-east-1b from 7.000 s to 8.000 s; the last that ' +
        'found it was the read by client-b in us-east-1b from 5.000 s to 6.000 s.',
    )
    expect(evidence.lostLatencyMs).toMatchObject({ p50: 3000, max: 3000 })
  })

  test('an id that was not acknowledged, but found and then gone, is lost too', () => {
    const { summary, evidence } = checkDurability(
      [insert('a-1', 1, 2, { outcome: 'info' }), read(3, 4, ['a-1']), read(5, 6, [])],
      exact,
    )
    expect(summary).toContain('at 1.000 s, not acknowledged but found at 4.000 s, is missing from')
    expect(evidence.counts).toMatchObject({ recovered: 1, lost: 1 })
    expect(evidence.lostAcknowledged).toBeUndefined()
  })

  test('an id that shows late is stale, and may be tolerated', () => {
    const history = [insert('a-1', 1, 2), read(3, 4, []), read(5, 6, ['a-1'])]
    const { verdict, summary, evidence } = checkDurability(history, exact)
    expect(verdict).toBe('false')
    expect(summary).toBe(
      '1 id stale: Id a-1 of k, inserted by client-a in us-east-1a and acknowledged at 2.000 s, is ' +
        'missing from the read by client-b in us-east-1b from 3.000 s to 4.000 s, and there again ' +
        'in the read by client-b in us-east-1b from 5.000 s to 6.000 s.',
    )
    expect(evidence).toMatchObject({
      counts: { stale: 1, stable: 1, lost: 0 },
      stableLatencyMs: { max: 1000 },
    })
    expect(checkDurability(history, { ...exact, stale: 'tolerated' })).toMatchObject({
      verdict: 'true',
      summary: 'All 1 acknowledged inserts of 1 are there in 2 reads; 1 id showed late.',
    })
  })

  test('an id twice in one read is duplicated', () => {
    const { verdict, summary } = checkDurability(
      [insert('a-1', 1, 2), read(3, 4, ['a-1', 'a-1', 'a-1'])],
      exact,
    )
    expect(verdict).toBe('false')
    expect(summary).toBe(
      '1 id duplicated: Id a-1 of k is 3 times in the read by client-b in us-east-1b from 3.000 s ' +
        'to 4.000 s.',
    )
  })

  test.for<[string, OperationRecord[], string]>([
    ['nobody inserted', [], 'was inserted by nobody.'],
    [
      'was refused',
      [insert('x', 1, 2, { outcome: 'fail', error: 'Unavailable' })],
      'was refused to client-a at 2.000 s: Unavailable.',
    ],
    ['is of the future', [insert('x', 9, 10)], 'was inserted by client-a only at 9.000 s.'],
  ])('an id that %s is unexpected', ([, inserts, end]) => {
    const { verdict, summary, evidence } = checkDurability(
      [insert('a-1', 1, 2), ...inserts, read(3, 4, ['a-1', 'x'])],
      exact,
    )
    expect(verdict).toBe('false')
    expect(summary).toBe(
      `1 id unexpected: Id x of k, found by the read by client-b in us-east-1b from 3.000 s to 4.000 s, ${end}`,
    )
    expect(evidence.ids).toMatchObject({ unexpected: ['x'] })
  })
})

test('where replicas may lag, only a read of the latest can miss an id', () => {
  const lagging = { ...exact, readsMayLag: true }
  const latest = { latest: true } as const
  const late = [insert('a-1', 1, 2), read(3, 4, []), read(5, 6, ['a-1'], latest), read(7, 8, [])]
  expect(checkDurability(late, exact)).toMatchObject({ verdict: 'false' })
  expect(checkDurability(late, lagging)).toMatchObject({ verdict: 'true' })
  const gone = [...late, read(9, 10, [], latest)]
  expect(checkDurability(gone, lagging).evidence).toMatchObject({ counts: { lost: 1 } })
  const unread = [insert('a-1', 1, 2), read(3, 4, [])]
  expect(checkDurability(unread, lagging)).toMatchObject({
    verdict: 'unknown',
    summary: expect.stringContaining('1 acknowledged id was never looked for'),
  })
})

describe('what proves nothing is unknown', () => {
  test.for<[string, OperationRecord[], string]>([
    ['nothing', [], '0 of 0 inserts were acknowledged; 1 are needed. No set was read.'],
    ['no read', [insert('a-1', 1, 2)], 'No set was read.'],
    [
      'a read that was not answered',
      [insert('a-1', 1, 2), read(3, 4, [], { outcome: 'info' })],
      'No set was read.',
    ],
    [
      'nothing acknowledged',
      [insert('a-1', 1, 2, { outcome: 'info' }), read(3, 4, ['a-1'])],
      '0 of 1 inserts were acknowledged; 1 are needed.',
    ],
    [
      'an id that no read looked for',
      [insert('a-1', 1, 2), insert('a-2', 3, 6), read(5, 7, ['a-1'])],
      '1 acknowledged id was never looked for: Id a-2 of k, inserted by client-a in us-east-1a and ' +
        'acknowledged at 6.000 s, and no read of its set that was answered began after that.',
    ],
    [
      'a read of another set',
      [insert('a-1', 1, 2), insert('a-2', 1, 2, { key: 'l' }), read(5, 7, ['a-1'])],
      '1 acknowledged id was never looked for: Id a-2 of l, inserted by client-a in us-east-1a and ' +
        'acknowledged at 2.000 s, and no read of its set that was answered began after that.',
    ],
    [
      'an id that was inserted twice',
      [insert('a-1', 1, 2), insert('a-1', 3, 4), insert('a-2', 1, 2), read(5, 7, ['a-2'])],
      'Id a-1 of k was inserted by 2 operations; the checker needs unique ids.',
    ],
  ])('%s', ([, history, said]) => {
    expect(checkDurability(history, exact)).toMatchObject({ verdict: 'unknown', summary: said })
  })

  test('an insert that may have happened may show or not', () => {
    const history = [
      insert('a-1', 1, 2),
      insert('a-2', 1, 2, { outcome: 'info' }),
      insert('a-3', 1, 2, { outcome: 'info' }),
      insert('a-4', 1, 2, { outcome: 'fail' }),
      read(5, 7, ['a-1', 'a-3']),
    ]
    expect(checkDurability(history, exact)).toMatchObject({
      verdict: 'true',
      summary:
        'All 1 acknowledged inserts of 4 are there in 1 reads, and 1 that were not acknowledged.',
      evidence: { counts: { indeterminate: 2, failed: 1, recovered: 1, neverRead: 0 } },
    })
  })
})

test('precedence is strict, and clocks are not trusted beyond their uncertainty', () => {
  const history = [insert('a-1', 1, 2), read(2, 3, []), read(4, 5, ['a-1'])]
  expect(checkDurability(history, exact).verdict).toBe('true')
  const later = [insert('a-1', 1, 2), read(2.2, 3, []), read(4, 5, ['a-1'])]
  expect(checkDurability(later, { clockUncertaintyNs: 0.1 * SECOND }).verdict).toBe('true')
  expect(checkDurability(later, { clockUncertaintyNs: 0.09 * SECOND }).verdict).toBe('false')
  const besides = [insert('a-1', 1, 2), read(3, 5, ['a-1']), read(4, 6, [])]
  expect(checkDurability(besides, exact).evidence.counts).toMatchObject({ lost: 0, stale: 1 })
})

const KINDS = ['lost', 'stale', 'neverRead', 'duplicated', 'unexpected', 'recovered'] as const
const REFUTING = ['lost', 'stale', 'duplicated', 'unexpected'] as const
type Kinds = Record<(typeof KINDS)[number], string[]>

/** The definitions, word for word, for a history of one set. */
function oracle(
  history: readonly OperationRecord[],
  uncertaintyNs: number,
  readsMayLag: boolean,
): Kinds {
  const kinds: Kinds = {
    lost: [],
    stale: [],
    neverRead: [],
    duplicated: [],
    unexpected: [],
    recovered: [],
  }
  const reads = history.filter(({ kind, outcome }) => kind === 'read-set' && outcome === 'ok')
  const times = (one: OperationRecord, id: string) =>
    (one.found ?? []).filter(({ value }) => value === id).length
  const values = history.flatMap(({ value, found: seen }) => [
    ...(value === undefined ? [] : [value]),
    ...(seen ?? []).map((one) => one.value),
  ])
  for (const id of new Set(values)) {
    const inserted = history.find(({ kind, value }) => kind === 'insert' && value === id)
    const finds = reads.filter((one) => times(one, id) > 0)
    if (reads.some((one) => times(one, id) > 1)) kinds.duplicated.push(id)
    if (inserted === undefined || inserted.outcome === 'fail') {
      if (finds.length > 0) kinds.unexpected.push(id)
      continue
    }
    if (finds.some((one) => before(one, inserted, uncertaintyNs))) kinds.unexpected.push(id)
    if (inserted.outcome === 'info' && finds.length > 0) kinds.recovered.push(id)
    const witnesses = [...finds, ...(inserted.outcome === 'ok' ? [inserted] : [])]
    const missing = reads.filter(
      (one) =>
        times(one, id) === 0 &&
        (one.latest === true || !readsMayLag) &&
        witnesses.some((witness) => before(witness, one, uncertaintyNs)),
    )
    const lost = missing.some((one) => finds.every((other) => before(other, one, uncertaintyNs)))
    if (lost) kinds.lost.push(id)
    else if (missing.length > 0) kinds.stale.push(id)
    else if (finds.length === 0 && inserted.outcome === 'ok') kinds.neverRead.push(id)
  }
  return kinds
}

/** Up to four inserts and four reads within a few ticks; what the reads find is often as it should. */
const histories = tuple(
  array(nat(2 ** 30), { maxLength: 4 }),
  array(nat(2 ** 30), { maxLength: 4 }),
).map(([inserts, reads]) => {
  const inserted = inserts.map((drawn, i) => {
    const digit = digits(drawn)
    const sentNs = digit(12)
    const outcome = (['ok', 'ok', 'info', 'fail'] as const)[digit(4)] ?? 'ok'
    return record({ kind: 'insert', value: `${i}`, sentNs, doneNs: sentNs + digit(6), outcome })
  })
  return [
    ...inserted,
    ...reads.map((drawn) => {
      const digit = digits(drawn)
      const sentNs = digit(16)
      const doneNs = sentNs + digit(6)
      const outcome = digit(8) === 7 ? 'info' : 'ok'
      const values = ['0', '1', '2', '3', 'nobodys'].flatMap((id, i) => {
        const of = inserted[i]
        const times = of !== undefined && of.outcome !== 'fail' && of.doneNs <= doneNs ? 1 : 0
        const luck = digit(8)
        return Array.from(
          { length: luck === 6 ? 1 - times : luck === 7 ? 2 * times : times },
          () => id,
        )
      })
      const latest = digit(2) === 1 ? ({ latest: true } as const) : {}
      return record({
        kind: 'read-set',
        sentNs,
        doneNs,
        outcome,
        found: found(...values),
        ...latest,
      })
    }),
  ]
})

test.for([
  ['each read shows all', false],
  ['those that are not of the latest may lag', true],
] as const)(
  'it says what the definitions say, of 10,000 small histories: %s',
  ([, readsMayLag]) => {
    const met = new Tally()
    assert(
      property(histories, nat(2), (history, clockUncertaintyNs) => {
        const options = { clockUncertaintyNs, readsMayLag }
        const { evidence, verdict } = checkDurability(history, options)
        const expected = oracle(history, clockUncertaintyNs, readsMayLag)
        const refuted = REFUTING.some((kind) => expected[kind].length > 0)
        for (const kind of KINDS) {
          const ids = (evidence.ids[kind] ?? []).toSorted()
          agree(kind, ids, expected[kind].toSorted())
          if (ids.length > 0) met.add(kind)
        }
        agree('refuted', verdict === 'false', refuted)
        met.add(verdict)
      }),
      { numRuns: 10_000 },
    )
    for (const kind of [...KINDS, 'true', 'false', 'unknown']) {
      expect(met.of(kind), `histories with ${kind}`).toBeGreaterThan(100)
    }
  },
)
