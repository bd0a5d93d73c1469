import { afterEach, expect, test } from 'vitest'
import type { OperationAnswer, PlannedOperation } from '../../model/operation.ts'
import { CassandraOperationClient } from './operation-client.ts'
import { CqlNode, type Reply } from './testing/cql-node.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item[Symbol.asyncDispose]()
})

async function nodes(count: number): Promise<CqlNode[]> {
  const hosts = Array.from({ length: count }, (_, i) => `127.0.0.${i + 1}`)
  const made: CqlNode[] = []
  for (const host of hosts) {
    const peers = hosts.filter((other) => other !== host)
    made.push(await CqlNode.listen(host, made[0]?.port ?? 0, peers))
  }
  open.push(...made)
  return made
}

function clientOf(port: number, readTimeoutMs?: number): CassandraOperationClient {
  const client = new CassandraOperationClient(
    { contactPoints: ['127.0.0.1'], port, datacenter: 'dc', consistency: 'QUORUM' },
    readTimeoutMs === undefined ? {} : { readTimeoutMs },
  )
  open.push({ [Symbol.asyncDispose]: () => client.close() })
  return client
}

const insert = (value: string): PlannedOperation => ({
  index: 0,
  kind: 'insert',
  key: 'set-0',
  value,
  dueNs: 0,
})

async function answerTo(reply: Reply) {
  const [node] = await nodes(1)
  if (!node) throw new Error('there should be a node')
  const client = clientOf(node.port, 300)
  await client.connect()
  node.reply = reply
  const answer = await client.run(insert('a'))
  return { answer, node }
}

test('an acknowledged insert is ok, sent once, to the node that is named', async () => {
  const { answer, node } = await answerTo({ kind: 'void' })
  expect(answer).toEqual({ outcome: 'ok', coordinator: `127.0.0.1:${node.port}` })
  expect(node.received).toEqual([
    "INSERT INTO zonefall.sets (name, id, inserted) VALUES (?, ?, 'yes') set-0 a",
  ])
})

test('a server that stands still leaves it open', async () => {
  const { answer, node } = await answerTo({ kind: 'silence' })
  expect(answer).toMatchObject({ outcome: 'info', error: 'no answer in time' })
  expect(node.received).toHaveLength(1)
})

test('a server that ends the connection after it got the insert leaves it open', async () => {
  const { answer, node } = await answerTo({ kind: 'hang-up' })
  expect(answer).toMatchObject({ outcome: 'info', error: expect.stringContaining('closed') })
  expect(node.received).toHaveLength(1)
})

test.each([
  ['unavailableException', 0x1000, 'fail'],
  ['isBootstrapping', 0x1002, 'fail'],
  ['syntaxError', 0x2000, 'fail'],
  ['invalid', 0x2200, 'fail'],
  ['overloaded', 0x1001, 'info'],
  ['writeTimeout', 0x1100, 'info'],
  ['serverError', 0x0000, 'info'],
  ['truncateError', 0x1003, 'info'],
])('%s is what it certainly says', async (error, code, outcome) => {
  const { answer } = await answerTo({ kind: 'error', code })
  expect(answer).toMatchObject({ outcome, error })
})

test('refused connections: it certainly did not happen, and is done once somebody listens', async () => {
  const [node] = await nodes(1)
  if (!node) throw new Error('there should be a node')
  const { port } = node
  await node[Symbol.asyncDispose]()
  const client = clientOf(port)
  expect(await client.run(insert('a'))).toMatchObject({
    outcome: 'fail',
    error: expect.stringContaining('ECONNREFUSED'),
  })
  const back = await CqlNode.listen('127.0.0.1', port)
  open.push(back)
  expect(await client.run(insert('b'))).toMatchObject({ outcome: 'ok' })
  expect(back.received.map((line) => line.at(-1))).toEqual(['b'])
})

test('a node that goes away later refuses too, without a doubt', async () => {
  const [node] = await nodes(1)
  if (!node) throw new Error('there should be a node')
  const client = clientOf(node.port)
  expect(await client.run(insert('a'))).toMatchObject({ outcome: 'ok' })
  await node[Symbol.asyncDispose]()
  await expect
    .poll(() => client.run(insert('b')), { timeout: 5000 })
    .toMatchObject({ outcome: 'fail', error: expect.stringContaining('no host available') })
})

test.each<Reply>([
  { kind: 'hang-up' },
  { kind: 'silence' },
  { kind: 'error', code: 0x1100 },
  { kind: 'error', code: 0x1001 },
  { kind: 'error', code: 0x1002 },
  { kind: 'error', code: 0x1000 },
])('no insert reaches two nodes, whatever the first one does: %j', async (reply) => {
  const [bad, good] = await nodes(2)
  if (!bad || !good) throw new Error('there should be two nodes')
  const client = clientOf(bad.port, 300)
  await client.connect()
  bad.reply = reply
  const values = Array.from({ length: 8 }, (_, i) => `id-${i}`)
  const answers: OperationAnswer[] = []
  for (const value of values) answers.push(await client.run(insert(value)))
  const seen = [...bad.received, ...good.received].map((line) => line.split(' ').at(-1) ?? '')
  expect(seen.length).toBe(new Set(seen).size)
  // Each node was asked for some, so that the silence of the first was met.
  expect(bad.received.length).toBeGreaterThan(0)
  const acknowledged = values.filter((_, i) => answers[i]?.outcome === 'ok')
  const atGood = good.received.map((line) => line.split(' ').at(-1) ?? '')
  expect(acknowledged).toEqual(atGood)
})

test('reads bring values with their times, and nothing of nothing', async () => {
  const [node] = await nodes(1)
  if (!node) throw new Error('there should be a node')
  const client = clientOf(node.port)
  await client.connect()
  const at = 1_700_000_000_000_001n
  node.reply = {
    kind: 'rows',
    columns: ['value', 'at'],
    rows: [
      ['a', at],
      ['b', at],
    ],
  }
  const read = { index: 0, kind: 'read-set', key: 'set-0', dueNs: 0 } as const
  expect(await client.run(read)).toMatchObject({
    outcome: 'ok',
    found: [
      { value: 'a', writtenMicros: Number(at) },
      { value: 'b', writtenMicros: Number(at) },
    ],
  })
  node.reply = { kind: 'rows', columns: ['value', 'at'], rows: [] }
  expect(await client.run({ ...read, kind: 'read' })).toMatchObject({ outcome: 'ok', found: [] })
})
