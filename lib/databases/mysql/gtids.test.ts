import { expect, it } from 'vitest'
import { gtidsOf } from './gtids.ts'

it('takes a set apart', () => {
  expect(gtidsOf('')).toEqual([])
  expect(gtidsOf('a:3')).toEqual(['a:3'])
  expect(gtidsOf('a:1-2:7,b:4-5')).toEqual(['a:1', 'a:2', 'a:7', 'b:4', 'b:5'])
})

it('stops where it has as many as were asked for, and refuses what is no set', () => {
  expect(gtidsOf('a:1-1000000000', 2)).toEqual(['a:1', 'a:2'])
  expect(() => gtidsOf('a:x')).toThrow('a:x is no set of GTIDs.')
})
