import cassandra from 'cassandra-driver'
import { expect, test } from 'vitest'
import { refusalOf } from './pod-session.ts'

const { errors, types } = cassandra

test.each([
  ['unavailable', types.responseErrorCodes.unavailableException],
  ['timeout', types.responseErrorCodes.readTimeout],
  ['timeout', types.responseErrorCodes.writeTimeout],
  ['other', types.responseErrorCodes.overloaded],
])('what the server answers is %s for code %i', (refusal, code) => {
  expect(refusalOf(new errors.ResponseError(code, 'said by the server'))).toBe(refusal)
})

test('a client that waits in vain has not been refused', () => {
  expect(refusalOf(new errors.OperationTimedOutError('12 s', '127.0.0.1'))).toBe('no-answer')
  expect(refusalOf(new errors.NoHostAvailableError({}))).toBe('connection')
  expect(refusalOf(new Error('Socket was closed'))).toBe('connection')
})
