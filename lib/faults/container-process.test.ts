import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { largestProcess, parseStat } from './container-process.ts'

test('the process with most memory is the database', () => {
  expect(largestProcess('1 200\n17 90000\n203 4000\n')).toBe(17)
  expect(largestProcess('')).toBeUndefined()
  expect(largestProcess('sh: not found\n')).toBeUndefined()
})

test("a program's name may hold spaces and parentheses", () => {
  const rest = Array.from({ length: 30 }, (_, index) => index).join(' ')
  expect(parseStat(`17 (my (odd) name) T ${rest}`)).toEqual({
    program: 'my (odd) name',
    state: 'T',
    startTicks: '18',
  })
  expect(parseStat('no such file')).toBeUndefined()
  const own = parseStat(readFileSync('/proc/self/stat', 'utf8'))
  expect(own?.state).toBe('R')
  expect(Number(own?.startTicks)).toBeGreaterThan(0)
})
