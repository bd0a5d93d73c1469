import { expect, it } from 'vitest'
import { errorNumberIn, failureOfError, failureOfNumber } from './sql-failure.ts'

it.each([
  [
    'ERROR 1290 (HY000) at line 1: The MySQL server is running with the --super-read-only option so it cannot execute this statement',
    'read-only',
  ],
  ["ERROR 2005 (HY000): Unknown MySQL server host 'mysql-0.mysql' (-2)", 'unreachable'],
  [
    "ERROR 2003 (HY000): Can't connect to MySQL server on 'mysql-0.mysql:3306' (113)",
    'unreachable',
  ],
  ['ERROR 2013 (HY000): Lost connection to MySQL server during query', 'connection'],
  ["ERROR 1146 (42S02) at line 1: Table 'test.messages' doesn't exist", 'other'],
  ['command terminated', 'other'],
])('takes the client’s words for what they are: %s', (said, failure) => {
  expect(failureOfNumber(errorNumberIn(said))).toBe(failure)
})

it('finds the number beneath warnings', () => {
  const said = 'mysql: [Warning] Using a password on the command line.\nERROR 1290 (HY000): no'
  expect(errorNumberIn(said)).toBe(1290)
})

it('holds a lost connection for doubt, whatever its number', () => {
  const lost = Object.assign(new Error('Connection lost'), { fatal: true, code: 'PROTOCOL' })
  expect(failureOfError(lost)).toBe('connection')
  expect(failureOfError(Object.assign(new Error('no'), { errno: 1290 }))).toBe('read-only')
  expect(failureOfError('no error at all')).toBe('other')
})
