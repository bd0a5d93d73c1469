import { expect, test } from 'vitest'
import { LoginRefusedError } from '../login-trouble.ts'
import { connectionLogin, refusedLogin } from './connection-login.ts'

const failed = (fields: object): Error => Object.assign(new Error('so it is.'), fields)

test('without a login it is root, in the clear, as the tutorial has it', () => {
  expect(connectionLogin({})).toEqual({ user: 'root' })
})

test('the server’s certificate has to be of the CA, and for a name only if one is given', () => {
  const credentials = { username: 'zoe', password: 'secret' }
  const tls = { ca: 'CA', cert: 'certificate', key: 'key' }
  expect(connectionLogin({ credentials, tls })).toEqual({
    user: 'zoe',
    password: 'secret',
    ssl: {
      ca: 'CA',
      cert: 'certificate',
      key: 'key',
      rejectUnauthorized: true,
      verifyIdentity: false,
    },
  })
  expect(connectionLogin({ tls: { ca: 'CA', serverName: 'db' } })).toMatchObject({
    host: 'db',
    ssl: { rejectUnauthorized: true, verifyIdentity: true },
  })
})

test.for<[string, object, string]>([
  ['a password', { errno: 1045 }, 'refuses the credentials: so it is.'],
  ['a certificate', { code: 'HANDSHAKE_SSL_ERROR' }, 'The certificate of the database in pod db-0'],
  ['a connection in the clear', { errno: 3159 }, 'no encrypted connections, or takes no others'],
  ['one that is not', { code: 'HANDSHAKE_NO_SSL_SUPPORT' }, 'no encrypted connections, or takes'],
])('a server that refuses %s says so', ([, fields, sentence]) => {
  const error = refusedLogin('db-0', failed(fields), undefined)
  expect(error).toBeInstanceOf(LoginRefusedError)
  expect(error?.message).toContain(sentence)
  expect(error?.hint).toMatch(/databases\.mysql\.(credentials|tls) in zonefall\.config\.ts/)
})

test('a connection that broke says nothing of the login', () => {
  expect(refusedLogin('db-0', failed({ code: 'ECONNRESET' }), undefined)).toBeUndefined()
  expect(refusedLogin('db-0', undefined, undefined)).toBeUndefined()
})
