import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LoginFiles } from '../login-files.ts'
import { testCertificates } from '../testing/test-certificates.ts'
import { CassandraOperationClient } from './operation-client.ts'
import { CqlNode } from './testing/cql-node.ts'

const PASSWORD = 'Ruebezahl-4711'

let dir = ''
let node: CqlNode
let tls: Server | undefined
let client: CassandraOperationClient | undefined

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-driver-login-'))
  node = await CqlNode.listen('127.0.0.1', 0)
  node.login = `\0zoe\0${PASSWORD}`
})
afterEach(async () => {
  await client?.close()
  tls?.close()
  await node[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

/** Inserts a row as a client in a pod does, with the files of a folder for its login. */
async function insert(port: number, login?: Omit<LoginFiles, 'folder'>) {
  client = new CassandraOperationClient({
    contactPoints: ['127.0.0.1'],
    port,
    datacenter: 'dc',
    consistency: 'QUORUM',
    ...(login === undefined ? {} : { login: { ...login, folder: dir } }),
  })
  return client.run({ index: 0, kind: 'insert', key: 'set-0', value: 'a', dueNs: 0 })
}

test('a client logs in with what is in its files', async () => {
  await writeFile(join(dir, 'username'), 'zoe')
  await writeFile(join(dir, 'password'), PASSWORD)
  expect(await insert(node.port, { credentials: {} })).toMatchObject({ outcome: 'ok' })
  expect(node.received).toHaveLength(1)
})

test('who is refused has sent nothing, and is told so without the password', async () => {
  await writeFile(join(dir, 'password'), 'Rapunzel-0815')
  const answer = await insert(node.port, { credentials: { username: 'zoe' } })
  expect(answer).toMatchObject({
    outcome: 'fail',
    error: expect.stringContaining('said by the test'),
  })
  expect(JSON.stringify(answer)).not.toContain('Rapunzel')
  expect(await insert(node.port)).toMatchObject({
    outcome: 'fail',
    error: expect.stringContaining('requires authentication'),
  })
  expect(node.received).toEqual([])
})

test('with TLS a client talks to servers of its CA alone', async () => {
  const { server } = await testCertificates(['server'])
  const { stranger } = await testCertificates(['stranger'])
  // In front of the node, as the node itself would have it.
  tls = createServer({ cert: server['tls.crt'], key: server['tls.key'] }, (socket) => {
    const inside = connect(node.port, '127.0.0.1')
    for (const end of [socket, inside]) end.on('error', () => end.destroy())
    socket.pipe(inside).pipe(socket)
  })
  tls.on('tlsClientError', () => undefined)
  tls.listen(0, '127.0.0.1')
  await once(tls, 'listening')
  // A server that listens on TCP has such an address.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = tls.address() as AddressInfo
  await writeFile(join(dir, 'username'), 'zoe')
  await writeFile(join(dir, 'password'), PASSWORD)
  const login = { credentials: {}, tls: { hasCertificate: false } }
  await writeFile(join(dir, 'ca.crt'), stranger['ca.crt'])
  expect(await insert(port, login)).toMatchObject({
    outcome: 'fail',
    error: expect.stringMatching(/certificate/),
  })
  await client?.close()
  await writeFile(join(dir, 'ca.crt'), server['ca.crt'])
  expect(await insert(port, login)).toMatchObject({ outcome: 'ok' })
  expect(node.received).toHaveLength(1)
})
