import { assert, nat, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import type { OperationRecord } from '../model/operation.ts'
import { seededRandom } from '../std/random.ts'
import { quantilesMs } from './findings.ts'
import { checkStaleness } from './staleness.ts'
import { digits, found, record, Tally } from './testing/records.ts'

const NO_DOUBT = { clockUncertaintyNs: 0 }
const insert = (value: string, sentNs: number, doneNs: number, more = {}) =>
  record({ kind: 'insert', value, sentNs, doneNs, ...more })
const readSet = (values: string[], sentNs: number, doneNs: number, more = {}) =>
  record({
    kind: 'read-set',
    found: found(...values),
    sentNs,
    doneNs,
    coordinator: 'server 101',
    ...more,
  })
const last = (...values: string[]) =>
  readSet(values, 900e6, 910e6, { latest: true, coordinator: 'server 100' })

test('a read that misses an id which shows later is as old as that id, between two bounds', () => {
  const history = [
    insert('a', 0, 10e6),
    insert('b', 20e6, 30e6),
    readSet(['a'], 130e6, 140e6),
    last('a', 'b'),
  ]
  const { verdict, summary, evidence } = checkStaleness(history, NO_DOUBT)
  expect(verdict).toBe('true')
  expect(evidence.servers).toEqual([
    {
      zone: 'us-east-1a',
      server: 'server 101',
      reads: 1,
      behind: 1,
      atLeastMs: { p50: 100, p95: 100, p99: 100, max: 100 },
      atMostMs: { p50: 120, p95: 120, p99: 120, max: 120 },
    },
  ])
  expect(summary).toBe(
    'Zone us-east-1a, server 101: 1 of 1 reads behind, the oldest by 0.100 s to 0.120 s.',
  )
})

test('clocks that may be off widen the bounds', () => {
  const history = [insert('a', 0, 10e6), readSet([], 14e6, 15e6), last('a')]
  const [server] = checkStaleness(history, { clockUncertaintyNs: 3e6 }).evidence.servers
  expect(server).toMatchObject({ behind: 0, atLeastMs: { max: 0 }, atMostMs: { max: 21 } })
})

test.each([
  ['all is there', [insert('a', 0, 10e6), readSet(['a'], 130e6, 140e6)]],
  ['what is lost is never late', [insert('a', 0, 10e6), readSet([], 130e6, 140e6), last()]],
  ['nothing was written', [readSet([], 130e6, 140e6)]],
  [
    'what was refused',
    [insert('a', 0, 10e6, { outcome: 'fail' }), readSet([], 130e6, 140e6), last()],
  ],
])('a read is up to date: %s', (_, history) => {
  const [server] = checkStaleness(history, NO_DOUBT).evidence.servers
  expect(server).toMatchObject({ reads: 1, behind: 0, atMostMs: { max: 0 } })
})

test('a write that may have happened counts once it is seen, for the upper bound alone', () => {
  const history = [insert('a', 0, 10e6, { outcome: 'info' }), readSet([], 130e6, 140e6), last('a')]
  const [server] = checkStaleness(history, NO_DOUBT).evidence.servers
  expect(server).toMatchObject({ behind: 0, atLeastMs: { max: 0 }, atMostMs: { max: 140 } })
})

test('registers are as old as the oldest write that came after what they show', () => {
  const write = (value: string, timestampMicros: number, sentNs: number) =>
    record({ kind: 'write', value, timestampMicros, sentNs, doneNs: sentNs + 10e6 })
  const read = (value: string | undefined) =>
    record({
      kind: 'read',
      sentNs: 300e6,
      doneNs: 310e6,
      coordinator: `server ${value ?? 'none'}`,
      found: value === undefined ? [] : found(value),
    })
  const writes = [write('a', 1, 0), write('b', 2, 100e6), write('c', 3, 200e6)]
  const reads = ['c', 'b', 'a', undefined, 'never written'].map((value) => read(value))
  const { servers } = checkStaleness([...writes, ...reads], NO_DOUBT).evidence
  expect(
    servers.map(({ server, atLeastMs, atMostMs }) => [server, atLeastMs.max, atMostMs.max]),
  ).toEqual([
    ['server a', 190, 210],
    ['server b', 90, 110],
    ['server c', 0, 0],
    ['server none', 290, 310],
  ])
})

test('reads of the latest say nothing of replicas, and without others nothing is known', () => {
  const { verdict, summary } = checkStaleness([insert('a', 0, 10e6), last('a')], NO_DOUBT)
  expect([verdict, summary]).toEqual(['unknown', 'No read was answered by a server that may lag.'])
})

/** A primary and a replica that shows its state of a while ago; with what each read truly missed. */
function lagging(seed: string, uncertaintyNs: number) {
  const random = seededRandom(seed)
  const offset = (): number => Math.round((random.next() * 2 - 1) * uncertaintyNs)
  const lagNs = random.int(200)
  const writer = offset()
  const inserts = Array.from({ length: 12 }, (_, i) => {
    const sentNs = random.int(600)
    const doneNs = sentNs + 1 + random.int(40)
    const effectNs = sentNs + random.next() * (doneNs - sentNs)
    return { value: `${i}`, sentNs, doneNs, effectNs, isUnknown: random.next() < 0.2 }
  })
  const reader = offset()
  const reads = Array.from({ length: 8 }, () => {
    const sentNs = random.int(800)
    const doneNs = sentNs + 1 + random.int(40)
    const effectNs = sentNs + random.next() * (doneNs - sentNs)
    const shown = inserts.filter((one) => one.effectNs <= effectNs - lagNs)
    const missed = inserts.filter((one) => one.effectNs <= effectNs && !shown.includes(one))
    const oldestNs = Math.min(effectNs, ...missed.map((one) => one.effectNs))
    return { sentNs, doneNs, shown, truthNs: effectNs - oldestNs }
  })
  const history: OperationRecord[] = [
    ...inserts.map(({ value, sentNs, doneNs, isUnknown }) =>
      insert(value, sentNs + writer, doneNs + writer, isUnknown ? { outcome: 'info' } : {}),
    ),
    ...reads.map(({ sentNs, doneNs, shown }) => {
      const values = shown.map(({ value }) => value)
      return readSet(values, sentNs + reader, doneNs + reader)
    }),
    readSet(
      inserts.map(({ value }) => value),
      5000,
      5001,
      { latest: true },
    ),
  ]
  return { history, truthsNs: reads.map(({ truthNs }) => truthNs) }
}

test('the truth lies between the bounds, in 5,000 histories of a replica that lags', () => {
  const met = new Tally()
  assert(
    property(tuple(nat(2 ** 30), nat(2 ** 30)), ([drawn, seed]) => {
      const uncertaintyNs = digits(drawn)(20)
      const { history, truthsNs } = lagging(`${seed}`, uncertaintyNs)
      const [server] = checkStaleness(history, { clockUncertaintyNs: uncertaintyNs }).evidence
        .servers
      const truth = quantilesMs(truthsNs)
      if (server === undefined || truth === undefined) throw new Error('nothing was measured')
      for (const name of ['p50', 'p95', 'max'] as const) {
        const bounds = [server.atLeastMs[name], truth[name], server.atMostMs[name]]
        const isBetween = bounds.every((bound, i) => bound >= (bounds[i - 1] ?? 0))
        if (!isBetween) throw new Error(`${name}: ${bounds.join(' <= ')}`)
      }
      met.add(server.behind > 0 ? 'behind' : 'not behind')
    }),
    { numRuns: 5_000 },
  )
  expect(met.of('behind')).toBeGreaterThan(1000)
  expect(met.of('not behind')).toBeGreaterThan(100)
})
