import { expect, test } from 'vitest'
import { ClockMap } from './clock-map.ts'

const sample = (clockNs: number, runNs: number, uncertaintyNs = 100, incarnation = 1) => ({
  incarnation,
  clockNs,
  runNs,
  uncertaintyNs,
})

test('of readings taken together the shortest round trip counts', () => {
  const clocks = new ClockMap()
  clocks.add([sample(1000, 5900, 900), sample(2000, 6010, 10), sample(3000, 7500, 500)])
  expect(clocks.toRun(1, 2000)).toEqual({ runNs: 6010, uncertaintyNs: 10 })
  expect(clocks.toClockNs(1, 7010)).toBe(3000)
})

test('between two comparisons drift is even, beyond them it adds to the uncertainty', () => {
  const clocks = new ClockMap()
  clocks.add([sample(0, 1_000_000, 100)])
  clocks.add([sample(10_000_000, 11_000_200, 300)])
  expect(clocks.toRun(1, 5_000_000)).toEqual({ runNs: 6_000_100, uncertaintyNs: 300 })
  expect(clocks.toRun(1, 12_000_000)).toEqual({ runNs: 13_000_200, uncertaintyNs: 1300 })
})

test('each incarnation has a clock of its own; one never compared has none', () => {
  const clocks = new ClockMap()
  clocks.add([sample(0, 1000)])
  clocks.add([sample(0, 9000, 100, 2)])
  expect([clocks.toRun(1, 0).runNs, clocks.toRun(2, 0).runNs]).toEqual([1000, 9000])
  expect(clocks.knows(3)).toBe(false)
  expect(() => clocks.toRun(3, 0)).toThrow('incarnation 3 is not known')
})
