import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poll } from '../std/poll.ts'
import { Cluster, refusalOf, statusOf } from './cluster.ts'
import { kubeconfigFor } from './testing/api-server.ts'
import { TransientApiError } from './transient.ts'

/** Answers in this order, the last one for ever. */
let answers: (number | 'silence' | 'half, then silence' | 'half, then the end')[] = []
let dir = ''
let server: Server
let cluster: Cluster
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'zonefall-transient-'))
  server = createServer((_, response) => {
    const status = answers.length > 1 ? answers.shift() : answers[0]
    if (status === 'silence') return
    const body = JSON.stringify({ kind: 'Status', message: 'says so' })
    const head = { 'content-type': 'application/json', 'content-length': body.length }
    if (typeof status === 'number') {
      response.writeHead(status, head).end(body)
      return
    }
    response.writeHead(200, head).write(body.slice(0, 10))
    if (status === 'half, then the end') setImmediate(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const kubeconfig = join(dir, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigFor(`http://127.0.0.1:${port}`, 't'))
  cluster = await Cluster.connect({ kubeconfig, context: 't', callTimeoutMs: 200 })
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(dir, { recursive: true })
})

test('a poll goes on past 429, 5xx, silence and answers that break off', async () => {
  answers = [429, 503, 'silence', 'half, then silence', 'half, then the end', 200]
  let looks = 0
  const seen = await poll({ what: 'it', budget: 'stateVisible', intervalMs: 1 }, async () => {
    looks += 1
    await cluster.core.readNode({ name: 'a' })
    return { done: true, value: true }
  })
  expect({ seen, looks }).toEqual({ seen: true, looks: 6 })
})

test('when its budget is spent it says what was answered', async () => {
  answers = [503]
  const polling = poll(
    { what: 'it', budget: 'stateVisible', budgetMs: 100, intervalMs: 5 },
    async () => ({ done: true, value: await cluster.core.readNode({ name: 'a' }) }),
  )
  await expect(polling).rejects.toThrow('last seen: the API server answered 503: says so')
})

test('outside of a poll a read is inconclusive; a refusal and a write are what they are', async () => {
  answers = [503]
  const read = await cluster.core.readNode({ name: 'a' }).catch((error: unknown) => error)
  expect(read).toBeInstanceOf(TransientApiError)
  expect([statusOf(read), refusalOf(read)]).toEqual([503, undefined])
  const write = await cluster.core.deleteNode({ name: 'a' }).catch((error: unknown) => error)
  expect(write).not.toBeInstanceOf(TransientApiError)
  answers = [403]
  const refused = await cluster.core.readNode({ name: 'a' }).catch((error: unknown) => error)
  expect([refused instanceof TransientApiError, statusOf(refused)]).toEqual([false, 403])
})
