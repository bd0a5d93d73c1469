import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tlsOptions, type TlsMaterial } from './login.ts'
import { isCertificateTrouble } from './login-trouble.ts'
import { type TestCertificate, testCertificates } from './testing/test-certificates.ts'

/** A server that asks for certificates, as databases do. */
let server: Server
let port = 0
let certificates: Record<'db.example.com' | 'client', TestCertificate>
let strangers: Record<'client', TestCertificate>

beforeAll(async () => {
  certificates = await testCertificates(['db.example.com', 'client'])
  strangers = await testCertificates(['client'])
  const { 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key } = certificates['db.example.com']
  server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (socket) =>
    socket.end('welcome'),
  )
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has such an address.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  port = (server.address() as AddressInfo).port
})
afterAll(() => server.close())

/** What the server says; nothing when it ends the connection. */
async function greeting(tls: TlsMaterial): Promise<string> {
  const socket = connect(port, '127.0.0.1', tlsOptions(tls))
  try {
    const ended = once(socket, 'close').then(() => [''])
    ended.catch(() => undefined)
    const [data] = await Promise.race([once(socket, 'data'), ended])
    return String(data)
  } finally {
    socket.destroy()
  }
}

const own = () => ({
  ca: certificates.client['ca.crt'],
  cert: certificates.client['tls.crt'],
  key: certificates.client['tls.key'],
})

test('a certificate of the CA is taken, for any name unless one is given', async () => {
  expect(await greeting(own())).toBe('welcome')
  expect(await greeting({ ...own(), serverName: 'db.example.com' })).toBe('welcome')
})

test('another name, and another CA, are trouble with the certificate', async () => {
  for (const tls of [
    { ...own(), serverName: 'other.example.com' },
    { ...own(), ca: strangers.client['ca.crt'] },
  ]) {
    const error: unknown = await greeting(tls).catch((reason: unknown) => reason)
    expect(isCertificateTrouble(error)).toBe(true)
  }
})

test('who shows no certificate, or another CA’s, is not let in', async () => {
  const { ca } = own()
  const refused = (tls: TlsMaterial) => greeting(tls).catch(() => '')
  expect(await refused({ ca })).toBe('')
  const { 'tls.crt': cert, 'tls.key': key } = strangers.client
  expect(await refused({ ca, cert, key })).toBe('')
})

test('a connection that broke is no trouble with a certificate', () => {
  expect(isCertificateTrouble(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))).toBe(false)
  expect(isCertificateTrouble('gone')).toBe(false)
})
