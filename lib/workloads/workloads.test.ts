import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { OperationRecord, Schedule } from '../model/operation.ts'
import { availabilitySchedules } from './availability.ts'
import { BANK_ACCOUNTS, bankNames, bankSchedules, finalBankReads } from './bank.ts'
import { completeHistory, NO_RECORD } from './complete-history.ts'
import { parseSchedule, serialiseSchedule } from './schedule-text.ts'
import { finalSetReads, setSchedules } from './set.ts'

const clients = ['a', 'b', 'c'].map((letter) => ({
  process: `client-${letter}`,
  zone: `us-east-1${letter}`,
}))
const options = { seed: '42', clients, durationMs: 60_000 }
const WORKLOADS = [
  ['set', setSchedules],
  ['availability', availabilitySchedules],
  ['bank', bankSchedules],
] as const

function bytes(schedules: readonly Schedule[]): string {
  return schedules.map(serialiseSchedule).join('')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

describe.for(WORKLOADS)('%s', ([, schedulesOf]) => {
  test('the same seed gives the same bytes, another one others', () => {
    expect(bytes(schedulesOf(options))).toBe(bytes(schedulesOf({ ...options })))
    expect(bytes(schedulesOf(options))).not.toBe(bytes(schedulesOf({ ...options, seed: '43' })))
  })

  test('operations are due at the rate, whatever the seed, and the clients not at once', () => {
    for (const [turn, { operations }] of schedulesOf(options).entries()) {
      const loaded = operations.filter(({ dueNs }) => dueNs < 60e9)
      expect(loaded).toHaveLength(600)
      expect(loaded.slice(0, 2).map(({ dueNs }) => dueNs)).toEqual([
        Math.floor((turn / 3) * 1e8),
        Math.floor((turn / 3 + 1) * 1e8),
      ])
      expect(operations.map(({ index }) => index)).toEqual([...operations.keys()])
      expect(operations.map(({ dueNs }) => dueNs)).toEqual(
        operations.map(({ dueNs }) => dueNs).toSorted((a, b) => a - b),
      )
    }
  })

  test('what is written is unique in all clients, and each is read and written', () => {
    const all = schedulesOf(options).flatMap(({ operations }) => operations)
    const values = all.flatMap(({ value }) => (value === undefined ? [] : [value]))
    expect(new Set(values).size).toBe(values.length)
    expect(values.length).toBeGreaterThan(all.length * 0.4)
    expect(values.length).toBeLessThan(all.length)
  })

  test('a schedule survives as text', () => {
    for (const schedule of schedulesOf(options)) {
      expect(parseSchedule(serialiseSchedule(schedule))).toEqual(schedule)
    }
  })

  test('a load that makes no sense is refused', () => {
    expect(() => schedulesOf({ ...options, ratePerSecond: 0 })).toThrow('positive rate')
    expect(() => schedulesOf({ ...options, clients: [...clients, clients[0]!] })).toThrow(
      'a process name of its own',
    )
  })
})

test('schedules stay what they are: a run is repeated by its seed after an upgrade too', () => {
  expect(WORKLOADS.map(([, schedulesOf]) => sha256(bytes(schedulesOf(options))))).toEqual([
    '63c5b31bc685d133',
    'bd7ae97cf4c4baf0',
    'ab7db44f8f986501',
  ])
})

test('each client reads each set at the end, and older sets as well as the newest while it runs', () => {
  for (const { operations } of setSchedules(options)) {
    const reads = operations.filter(({ kind }) => kind === 'read-set')
    const last = reads.filter(({ dueNs }) => dueNs >= 65e9)
    expect(last.map(({ key }) => key)).toEqual(['set-0', 'set-1', 'set-2'])
    const running = reads.filter(({ dueNs }) => dueNs < 60e9 && dueNs >= 40e9)
    expect(new Set(running.map(({ key }) => key)).size).toBeGreaterThan(1)
    const sets = new Set(operations.map(({ key }) => key))
    expect(sets).toEqual(new Set(['set-0', 'set-1', 'set-2']))
  }
})

test('a load that was stopped is read to its end', () => {
  const [first] = finalSetReads({ ...options, untilMs: 30_000, startMs: 35_000, firstIndex: 300 })
  expect(first?.operations.map(({ index, key, dueNs }) => [index, key, dueNs])).toEqual([
    [300, 'set-0', 35e9],
    [301, 'set-1', 35.1e9],
  ])
})

test('where replicas may lag a share of the reads is of the latest, and the last ones all are', () => {
  const lagging = { ...options, latestShare: 0.5 }
  const reads = WORKLOADS.flatMap(([, schedulesOf]) => schedulesOf(lagging))
    .flatMap(({ operations }) => operations)
    .filter(({ kind, dueNs }) => kind.startsWith('read') && dueNs < 60e9)
  const latest = reads.filter((read) => read.latest)
  expect(latest.length / reads.length).toBeGreaterThan(0.4)
  expect(latest.length / reads.length).toBeLessThan(0.6)
  const stop = { untilMs: 30_000, startMs: 35_000, firstIndex: 300 }
  const lasts = [
    ...setSchedules(lagging).flatMap(({ operations }) =>
      operations.filter(({ dueNs }) => dueNs >= 60e9),
    ),
    ...finalSetReads({ ...lagging, ...stop }).flatMap(({ operations }) => operations),
    ...finalBankReads({ ...lagging, ...stop }).flatMap(({ operations }) => operations),
  ]
  expect(lasts.length).toBe(27)
  expect(lasts.every((read) => read.latest === true)).toBe(true)
  for (const schedule of setSchedules(lagging)) {
    expect(parseSchedule(serialiseSchedule(schedule))).toEqual(schedule)
  }
})

test('money is moved between two accounts of a bank that is there, and each is read with its ledger', () => {
  const banks = bankNames(options)
  expect(banks).toEqual(['bank-0', 'bank-1', 'bank-2'])
  for (const { operations } of bankSchedules(options)) {
    const transfers = operations.flatMap(({ transfer }) =>
      transfer === undefined ? [] : [transfer],
    )
    expect(transfers.length).toBeGreaterThan(400)
    for (const { from, to, amount } of transfers) {
      expect(from).not.toBe(to)
      expect(BANK_ACCOUNTS).toContain(from)
      expect(BANK_ACCOUNTS).toContain(to)
      expect(amount).toBeGreaterThan(0)
    }
    expect(operations.every(({ key }) => banks.includes(key))).toBe(true)
    const last = operations.filter(({ dueNs }) => dueNs >= 65e9)
    expect(last.map(({ kind, key }) => `${kind} ${key}`)).toEqual(
      banks.flatMap((bank) => [`read-bank ${bank}`, `read-ledger ${bank}`]),
    )
  }
})

test('a register has one writer, whose timestamps rise; everybody reads it', () => {
  const schedules = availabilitySchedules({ ...options, timestampsAboveMicros: 1000 })
  for (const { process, operations } of schedules) {
    const writes = operations.filter(({ kind }) => kind === 'write')
    expect(writes.every(({ key }) => key.startsWith(process))).toBe(true)
    expect(writes.map(({ timestampMicros }) => timestampMicros)).toEqual(
      [...writes.keys()].map((i) => 1001 + i),
    )
    const read = new Set(operations.filter(({ kind }) => kind === 'read').map(({ key }) => key))
    expect(read.size).toBe(12)
  }
})

describe('a schedule that is not whole is refused', () => {
  const text = serialiseSchedule(setSchedules(options)[0]!)
  const lines = text.split('\n')

  test.for<[string, string, string]>([
    ['cut at a line', `${lines.slice(0, 9).join('\n')}\n`, 'torn: 8 whole lines of 603'],
    ['cut in a line', text.slice(0, -3), 'torn: 602 whole lines of 603'],
    ['cut in its head', text.slice(0, 20), 'Line 1 of the schedule is not JSON'],
    ['of another version', text.replace('"schedule":1', '"schedule":2'), 'version 1'],
    ['empty', '', 'Line 1 of the schedule is not JSON'],
    ['with no operation in a line', text.replace(lines[3] ?? '', '["x",1,2,"k"]'), 'Line 4'],
    ['with a write of nothing', text.replace(lines[3] ?? '', '["w",2,2,"k"]'), 'Line 4'],
    ['with a write of the latest', text.replace(lines[3] ?? '', '["I",2,2,"k","v"]'), 'Line 4'],
    ['with a transfer of nothing', text.replace(lines[3] ?? '', '["t",2,2,"k","v"]'), 'Line 4'],
    ['with a read of something', text.replace(lines[3] ?? '', '["r",2,2,"k","v"]'), 'Line 4'],
  ])('%s', ([, torn, said]) => {
    expect(() => parseSchedule(torn)).toThrow(said)
  })
})

describe('what a dead client left open', () => {
  const [schedule] = setSchedules({ ...options, durationMs: 1000 })
  const operations = schedule!.operations
  const recordOf = (index: number): OperationRecord => ({
    ...operations[index]!,
    process: 'client-a',
    zone: 'us-east-1a',
    sentNs: 1,
    doneNs: 2,
    outcome: 'ok',
  })

  test('is info, from when it was due', () => {
    const history = completeHistory(schedule!, [recordOf(1), recordOf(0)])
    expect(history).toHaveLength(operations.length)
    expect(history.slice(0, 2)).toEqual([recordOf(0), recordOf(1)])
    const { dueNs } = operations[2]!
    expect(history[2]).toEqual({
      ...recordOf(2),
      outcome: 'info',
      error: NO_RECORD,
      sentNs: dueNs,
      doneNs: dueNs,
    })
  })

  test('but for what was stopped before it was due', () => {
    expect(completeHistory(schedule!, [], 300_000_000).map(({ index }) => index)).toEqual([0, 1, 2])
  })

  test('records that are not of the schedule, or there twice, are refused', () => {
    expect(() => completeHistory(schedule!, [recordOf(0), recordOf(0)])).toThrow(
      'Record 0 of client-a is there twice: its chunks were put together wrongly.',
    )
    expect(() => completeHistory(schedule!, [{ ...recordOf(0), index: 999 }])).toThrow(
      'Record 999 of client-a is not of its schedule.',
    )
    expect(() => completeHistory(schedule!, [{ ...recordOf(0), process: 'x' }])).toThrow(
      'Record 0 of x is not of the schedule of client-a.',
    )
  })
})
