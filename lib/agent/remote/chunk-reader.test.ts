import { expect, test } from 'vitest'
import type { OperationRecord } from '../../model/operation.ts'
import type { AgentStatus } from '../protocol.ts'
import { ChunkReader } from './chunk-reader.ts'
import { ClockMap } from './clock-map.ts'

const record = (index: number): OperationRecord => ({
  index,
  kind: 'insert',
  key: 'set-0',
  value: `p-${index}`,
  dueNs: index * 1000,
  process: 'p',
  zone: 'a',
  sentNs: index * 1000 + 10,
  doneNs: index * 1000 + 20,
  outcome: 'ok',
})

const status = (lastChunk: number): AgentStatus => ({
  incarnation: 1,
  phase: 'running',
  clockNs: 0,
  startClockNs: 500,
  clients: [],
  lastChunk,
})

const report = (lastChunk: number, chunks: readonly (readonly [number, number])[]): string =>
  [
    status(lastChunk),
    ...chunks.map(([chunk, index]) => ({
      chunk,
      incarnation: 1,
      startClockNs: 500,
      records: [record(index)],
    })),
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('')

test('takes each chunk once, also when it comes twice, and puts it on the run’s clock', () => {
  const reader = new ChunkReader('a')
  reader.take(
    report(2, [
      [1, 0],
      [2, 1],
    ]),
  )
  reader.take(
    report(3, [
      [2, 1],
      [3, 2],
    ]),
  )
  const clocks = new ClockMap()
  clocks.add([{ incarnation: 1, clockNs: 500, runNs: 9000, uncertaintyNs: 7 }])
  const { records, uncertaintyNs } = reader.records(clocks, 8000)
  expect(records.map(({ index, dueNs, doneNs }) => [index, dueNs, doneNs])).toEqual([
    [0, 1000, 1020],
    [1, 2000, 2020],
    [2, 3000, 3020],
  ])
  expect(uncertaintyNs).toBe(9)
})

test('a chunk that is missing is an error, and so is a history that got shorter', () => {
  const reader = new ChunkReader('a')
  reader.take(report(1, [[1, 0]]))
  expect(() => reader.take(report(3, [[3, 2]]))).toThrow(
    'The history of agent a has a gap: chunk 3 came after 1.',
  )
  expect(() => reader.take(report(0, []))).toThrow('it knows 0 chunks, 1 were read')
})
