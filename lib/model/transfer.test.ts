import { expect, test } from 'vitest'
import { extrapolatedMs, type Transfer, transferMs, transferRate } from './transfer.ts'

const MB = 1e6
const copied: Transfer = {
  name: 'copied and loaded',
  bytes: 48 * MB,
  stages: [
    { what: 'attach', ms: 9_000, grows: false },
    { what: 'copy', ms: 4_000, grows: true },
    { what: 'load', ms: 12_000, grows: true },
  ],
}
const adopted: Transfer = { name: 'adopted', bytes: 48 * MB, stages: [copied.stages[0]!] }

test('a rate is of what takes longer for more bytes, and the time is of all', () => {
  expect(transferRate(copied)).toBe(3 * MB)
  expect(transferMs(copied)).toBe(25_000)
  expect(transferRate(adopted)).toBeUndefined()
})

test('more bytes take longer at that rate, and what is done once is done once', () => {
  expect(extrapolatedMs(copied, 48 * MB)).toBe(25_000)
  expect(extrapolatedMs(copied, 4800 * MB)).toBe(1_609_000)
  expect(extrapolatedMs(adopted, 4800 * MB)).toBe(9_000)
})
