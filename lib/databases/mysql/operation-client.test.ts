import { afterEach, expect, test } from 'vitest'
import type { OperationAnswer, PlannedOperation } from '../../model/operation.ts'
import { MySqlOperationClient } from './operation-client.ts'
import { type Reply, SqlServer } from './testing/sql-server.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item[Symbol.asyncDispose]()
})

async function serve(id: number, port = 0): Promise<SqlServer> {
  const server = await SqlServer.listen(id, port)
  open.push(server)
  return server
}

function clientOf(
  port: number,
  { deadlineMs = 20_000, readsFrom = '127.0.0.1' } = {},
): MySqlOperationClient {
  const client = new MySqlOperationClient({ writesTo: '127.0.0.1', readsFrom, port, deadlineMs })
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
const INSERTED = "INSERT INTO zonefall.sets (name, id) VALUES ('set-0', 'a')"

/** Long enough to connect on a busy machine; for those that are left waiting. */
const SHORT = { deadlineMs: 1500 }

async function answerTo(reply: Reply) {
  const server = await serve(100)
  const client = clientOf(server.port, reply.kind === 'silence' ? SHORT : {})
  await client.connect()
  server.reply = () => reply
  const answer = await client.run(insert('a'))
  return { answer, server, client }
}

test('an acknowledged insert is ok, sent once, to the server that is named', async () => {
  const { answer, server } = await answerTo({ kind: 'ok' })
  expect(answer).toEqual({ outcome: 'ok', coordinator: 'server 100' })
  expect(server.received).toEqual([INSERTED])
})

test('a server that stands still leaves it open, and its connection is not used again', async () => {
  const { answer, server, client } = await answerTo({ kind: 'silence' })
  expect(answer).toEqual({
    outcome: 'info',
    error: 'no answer in time',
    coordinator: 'server 100',
  })
  expect(server.received).toEqual([INSERTED])
  await expect.poll(() => server.open).toBe(7) // of eight that `connect` opened
  server.reply = () => ({ kind: 'ok' })
  expect(await client.run(insert('b'))).toMatchObject({ outcome: 'ok' })
})

test('a server that ends the connection after it got the insert leaves it open', async () => {
  const { answer, server } = await answerTo({ kind: 'hang-up' })
  expect(answer).toMatchObject({ outcome: 'info', error: 'PROTOCOL_CONNECTION_LOST' })
  expect(server.received).toEqual([INSERTED])
})

test.each([
  ['ER_OPTION_PREVENTS_STATEMENT', 1290, 'fail'],
  ['ER_DUP_ENTRY', 1062, 'fail'],
  ['ER_NO_SUCH_TABLE', 1146, 'fail'],
  ['ER_LOCK_DEADLOCK', 1213, 'fail'],
  ['ER_LOCK_WAIT_TIMEOUT', 1205, 'fail'],
  ['ER_SERVER_SHUTDOWN', 1053, 'info'],
  ['ER_QUERY_INTERRUPTED', 1317, 'info'],
  ['ER_ERROR_DURING_COMMIT', 1180, 'info'],
])('%s is what it certainly says', async (error, code, outcome) => {
  const { answer } = await answerTo({ kind: 'error', code })
  expect(answer).toEqual({ outcome, error, coordinator: 'server 100' })
})

test('refused connections: it certainly did not happen, and is done once somebody listens', async () => {
  const server = await serve(100)
  const { port } = server
  await server[Symbol.asyncDispose]()
  const client = clientOf(port)
  expect(await client.run(insert('a'))).toEqual({ outcome: 'fail', error: 'ECONNREFUSED' })
  const back = await serve(100, port)
  expect(await client.run(insert('b'))).toMatchObject({ outcome: 'ok' })
  expect(back.received).toEqual([INSERTED.replace("'a'", "'b'")])
})

test('a server that greets nobody got nothing: it certainly did not happen', async () => {
  const server = await serve(100)
  server.greets = false
  const answer = await clientOf(server.port, SHORT).run(insert('a'))
  expect(answer).toEqual({ outcome: 'fail', error: 'no answer in time' })
  await expect.poll(() => server.open).toBe(0)
})

test('a name that there isn’t is refused', async () => {
  const server = await serve(100)
  const client = clientOf(server.port, { readsFrom: 'nobody.invalid', deadlineMs: 8000 })
  const answer = await client.run({ index: 0, kind: 'read-set', key: 'set-0', dueNs: 0 })
  expect(answer.outcome).toBe('fail')
  expect(answer.error).toMatch(/^(ENOTFOUND|ECONNREFUSED|ESERVFAIL|no answer in time)$/)
})

test('a server that goes away while nobody asks it refuses too, without a doubt', async () => {
  const server = await serve(100)
  const client = clientOf(server.port)
  expect(await client.run(insert('a'))).toMatchObject({ outcome: 'ok' })
  await server[Symbol.asyncDispose]()
  await expect.poll(() => server.open).toBe(0)
  const answers: OperationAnswer[] = []
  for (const value of ['b', 'c', 'd', 'e', 'f']) answers.push(await client.run(insert(value)))
  expect(answers).toEqual(answers.map(() => ({ outcome: 'fail', error: 'ECONNREFUSED' })))
})

test.each<Reply>([
  { kind: 'hang-up' },
  { kind: 'silence' },
  { kind: 'error', code: 1205 },
  { kind: 'error', code: 1053 },
])('no insert reaches the server twice, whatever it does: %j', async (reply) => {
  const server = await serve(100)
  const client = clientOf(server.port, reply.kind === 'silence' ? SHORT : {})
  const values = Array.from({ length: 12 }, (_, i) => `id-${i}`)
  server.reply = (statement) => (/id-\d*[02468]'/.test(statement) ? reply : { kind: 'ok' })
  const answers = await Promise.all(values.map((value) => client.run(insert(value))))
  const seen = server.received.map((statement) => /id-\d+/.exec(statement)?.[0] ?? '')
  expect(seen.toSorted()).toEqual(values.toSorted())
  expect(answers.map(({ outcome }) => outcome === 'ok')).toEqual(values.map((_, i) => i % 2 === 1))
})

test('operations that find no connection free in time are refused, and none is sent late', async () => {
  const server = await serve(100)
  const client = clientOf(server.port, SHORT)
  server.reply = () => ({ kind: 'silence' })
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => client.run(insert(`id-${i}`))),
  )
  const open100 = answers.filter(({ outcome }) => outcome === 'info').length
  expect(open100).toBe(server.received.length)
  expect(open100).toBeLessThanOrEqual(12)
  // Whoever got one at the last moment had no time left.
  const refused = answers.filter(({ outcome }) => outcome === 'fail')
  expect(refused.length).toBe(100 - open100)
  expect(refused.map(({ error }) => error)).toContain('no free connection in time')
  server.reply = () => ({ kind: 'ok' })
  expect(await client.run(insert('after'))).toMatchObject({ outcome: 'ok' })
  expect(server.received.length).toBe(open100 + 1)
})

test('reads of the latest go where writes go, the others to the servers that may lag', async () => {
  const [primary, replica] = [await serve(100), await SqlServer.listen(101)]
  open.push(replica)
  primary.reply = () => ({ kind: 'rows', rows: [{ value: 'a' }, { value: 'b' }] })
  replica.reply = (statement) => ({
    kind: 'rows',
    rows: statement.includes('registers') ? [{ value: 'v', written: 7 }] : [],
  })
  const client = clientOf(primary.port)
  const lagging = clientOf(replica.port)
  const readSet = { index: 0, kind: 'read-set', key: 'set-0', dueNs: 0 } as const
  expect(await client.run({ ...readSet, latest: true })).toEqual({
    outcome: 'ok',
    found: [{ value: 'a' }, { value: 'b' }],
    coordinator: 'server 100',
  })
  expect(await lagging.run(readSet)).toEqual({
    outcome: 'ok',
    found: [],
    coordinator: 'server 101',
  })
  expect(await lagging.run({ ...readSet, kind: 'read', key: 'r' })).toMatchObject({
    found: [{ value: 'v', writtenMicros: 7 }],
  })
})

const move: PlannedOperation = {
  index: 0,
  kind: 'transfer',
  key: 'bank-0',
  value: 'x-1',
  transfer: { from: 'a', to: 'b', amount: 40 },
  dueNs: 0,
}
const ACCOUNTS: Reply = {
  kind: 'rows',
  rows: [
    { account: 'a', balance: 30 },
    { account: 'b', balance: 5 },
  ],
}

/** A bank's server, which does something else with the statements that begin so. */
async function bank(begin = 'none', reply: Reply = { kind: 'ok' }) {
  const server = await serve(100)
  const client = clientOf(server.port, reply.kind === 'silence' ? SHORT : {})
  server.reply = (statement) => {
    if (statement.startsWith(begin)) return reply
    return statement.startsWith('SELECT account') ? ACCOUNTS : { kind: 'ok' }
  }
  return { server, answer: await client.run(move), client }
}

test('a transfer moves what there is, and is ok once its commit is', async () => {
  const { answer, server } = await bank()
  expect(answer).toEqual({ outcome: 'ok', coordinator: 'server 100' })
  expect(server.received).toEqual([
    'START TRANSACTION',
    "SELECT account, balance FROM zonefall.accounts WHERE bank = 'bank-0' AND account IN ('a', 'b') ORDER BY account FOR UPDATE",
    "UPDATE zonefall.accounts SET balance = 0 WHERE bank = 'bank-0' AND account = 'a'",
    "UPDATE zonefall.accounts SET balance = 35 WHERE bank = 'bank-0' AND account = 'b'",
    "INSERT INTO zonefall.ledger (bank, id, payer, payee, amount) VALUES ('bank-0', 'x-1', 'a', 'b', 30)",
    'COMMIT',
  ])
})

test.each<[string, Reply, string]>([
  ['SELECT account', { kind: 'error', code: 1205 }, 'ER_LOCK_WAIT_TIMEOUT'],
  ['UPDATE', { kind: 'error', code: 1213 }, 'ER_LOCK_DEADLOCK'],
  ['INSERT', { kind: 'silence' }, 'no answer in time'],
  ['INSERT', { kind: 'hang-up' }, 'PROTOCOL_CONNECTION_LOST'],
])('a transfer that ends before its commit certainly did not happen: %s, %j', async (...given) => {
  const [begin, reply, error] = given
  const { answer, server, client } = await bank(begin, reply)
  expect(answer).toEqual({ outcome: 'fail', error, coordinator: 'server 100' })
  expect(server.received).not.toContain('COMMIT')
  // The transaction that is left goes with its connection: nobody goes on in it.
  await expect.poll(() => server.open).toBe(0)
  server.reply = (statement) => (statement.startsWith('SELECT') ? ACCOUNTS : { kind: 'ok' })
  expect(await client.run(move)).toMatchObject({ outcome: 'ok' })
})

test.each<[Reply, string]>([
  [{ kind: 'silence' }, 'no answer in time'],
  [{ kind: 'hang-up' }, 'PROTOCOL_CONNECTION_LOST'],
  [{ kind: 'error', code: 1205 }, 'ER_LOCK_WAIT_TIMEOUT'],
])('a transfer whose commit is not acknowledged may have happened: %j', async (reply, error) => {
  const { answer } = await bank('COMMIT', reply)
  expect(answer).toEqual({ outcome: 'info', error, coordinator: 'server 100' })
})

test('a bank is read with what its ledger says of each account', async () => {
  const server = await serve(101)
  server.reply = () => ({ kind: 'rows', rows: [{ value: 'a', balance: 0, booked: -100 }] })
  const read = { index: 0, kind: 'read-bank', key: 'bank-0', dueNs: 0 } as const
  expect(await clientOf(server.port).run(read)).toEqual({
    outcome: 'ok',
    found: [{ value: 'a', balance: 0, booked: -100 }],
    coordinator: 'server 101',
  })
})
