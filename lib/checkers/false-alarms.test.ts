import { assert, nat, property, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import type { OperationRecord, PlannedOperation, Schedule } from '../model/operation.ts'
import { checkDurability } from './durability.ts'
import { checkLastWrite } from './last-write.ts'
import { agree, digits, Tally } from './testing/records.ts'
import { simulate } from './testing/simulate.ts'

const CLIENTS = ['a', 'b'].map((name) => ({ process: name, zone: name }))

/** Loads of a few operations on one or two keys; a set is read by each client at the end. */
const loads = tuple(nat(2 ** 30), nat(2 ** 30)).map(([drawn, seed]) => {
  const digit = digits(drawn)
  return {
    operations: 3 + digit(10),
    intervalNs: 1 + digit(40),
    options: {
      seed: `${seed}`,
      maxLatencyNs: 1 + digit(60),
      uncertaintyNs: digit(20),
      info: digit(4) / 10,
      fail: digit(3) / 10,
    },
  }
})

function schedules(
  {
    operations,
    intervalNs,
    options,
  }: { operations: number; intervalNs: number; options: { seed: string } },
  next: (i: number, process: string) => Omit<PlannedOperation, 'index' | 'dueNs'>,
): Schedule[] {
  return CLIENTS.map((client) => ({
    ...client,
    workload: options.seed,
    operations: Array.from({ length: operations }, (_, index) => ({
      index,
      dueNs: index * intervalNs,
      ...next(index, client.process),
    })),
  }))
}

const setLoad = (i: number, process: string) =>
  i % 3 === 2
    ? ({ kind: 'read-set', key: 'k' } as const)
    : ({ kind: 'insert', key: 'k', value: `${process}-${i}` } as const)

test('a set that keeps everything raises no alarm, and one that drops an id does, in 5,000 runs', () => {
  const met = new Tally()
  assert(
    property(loads, (load) => {
      const history = simulate(schedules(load, setLoad), load.options)
      const clocks = { clockUncertaintyNs: load.options.uncertaintyNs }
      const { verdict, summary } = checkDurability(history, clocks)
      if (verdict === 'false') throw new Error(summary)
      met.add(verdict)
      const dropped = history.find(({ kind, outcome }) => kind === 'insert' && outcome === 'ok')
      if (dropped === undefined) return
      const late: OperationRecord = { ...dropped, kind: 'read-set', found: [] }
      const without = [
        ...history.map((one) => ({
          ...one,
          ...(one.found ? { found: one.found.filter(({ value }) => value !== dropped.value) } : {}),
        })),
        // The end of all: whoever reads now reads after the acknowledgement.
        { ...late, sentNs: dropped.doneNs + 1000, doneNs: dropped.doneNs + 1001 },
      ]
      const ids = checkDurability(without, clocks).evidence.ids.lost ?? []
      agree('the lost id is among the lost', ids.includes(dropped.value ?? ''), true)
      met.add('dropped')
    }),
    { numRuns: 5_000 },
  )
  expect(met.of('true')).toBeGreaterThan(500)
  expect(met.of('dropped')).toBeGreaterThan(2000)
})

test('a register that shows its last write raises no alarm in 5,000 runs', () => {
  const met = new Tally()
  assert(
    property(loads, (load) => {
      const registerLoad = (i: number, process: string) =>
        (i * 7 + load.intervalNs) % 3 === 0
          ? ({ kind: 'write', key: process, value: `${i}`, timestampMicros: i + 1 } as const)
          : ({ kind: 'read', key: i % 2 === 0 ? 'a' : 'b' } as const)
      const history = simulate(schedules(load, registerLoad), load.options)
      const clocks = { clockUncertaintyNs: load.options.uncertaintyNs }
      const { recency, monotonicReads } = checkLastWrite(history, clocks)
      for (const { verdict, summary } of [recency, monotonicReads]) {
        if (verdict === 'false') throw new Error(summary)
      }
      met.add(`recency ${recency.verdict}`)
      met.add(`monotonic ${monotonicReads.verdict}`)
    }),
    { numRuns: 5_000 },
  )
  expect(met.of('recency true')).toBeGreaterThan(500)
  expect(met.of('monotonic true')).toBeGreaterThan(500)
})
