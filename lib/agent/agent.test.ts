import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CqlNode } from '../databases/cassandra/testing/cql-node.ts'
import type { Schedule } from '../model/operation.ts'
import { poll } from '../std/poll.ts'
import type { AgentStatus } from './protocol.ts'
import { RemoteAgent } from './remote/remote-agent.ts'
import type { Transport } from './remote/transport.ts'

/** The agent as a process of its own, against a node behind a real socket. */
let dir = ''
let port = 0
let node: CqlNode
let child: ChildProcess | undefined

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-agent-'))
  node = await CqlNode.listen('127.0.0.1', 0)
  // A port that is free now: the agent's own is the same in every pod.
  await using free = await CqlNode.listen('127.0.0.1', 0)
  port = free.port
})
afterEach(async () => {
  await end('SIGKILL')
  await node[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

function begin(): void {
  child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'main.ts'), 'serve', dir, String(port)],
    {
      stdio: 'inherit',
    },
  )
}

async function end(signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

const direct: Transport = {
  name: 'proxy',
  async call(method, path, body) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
    })
    if (!answer.ok) throw new Error(await answer.text())
    return answer.text()
  },
  close: () => undefined,
}

async function reached(): Promise<RemoteAgent> {
  const agent = new RemoteAgent({ zone: 'a', pod: 'agent-a' }, direct, () =>
    Math.round(performance.now() * 1e6),
  )
  await untilStatus(agent, () => true)
  await agent.compareClocks()
  return agent
}

function untilStatus(agent: RemoteAgent, isSo: (status: AgentStatus) => boolean) {
  return poll({ what: 'the agent', budget: 'stateVisible', intervalMs: 50 }, async () => {
    try {
      const status = await agent.readOn()
      return isSo(status) ? { done: true, value: status } : { done: false, seen: status }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return { done: false, seen: error }
    }
  })
}

const database = () => ({
  system: 'cassandra' as const,
  contactPoints: ['127.0.0.1'],
  port: node.port,
  datacenter: 'dc',
  consistency: 'QUORUM' as const,
})

const schedule = (count: number, everyMs: number, from = 0): Schedule => ({
  workload: 'set',
  process: 'p',
  zone: 'a',
  operations: Array.from({ length: count }, (_, i) => ({
    index: from + i,
    kind: 'insert',
    key: 'set-0',
    value: `p-${from + i}`,
    dueNs: (from + i) * everyMs * 1e6,
  })),
})

const nowRunNs = () => Math.round(performance.now() * 1e6)

test('sends what is due when it is due, once each, and tells it in durable chunks', async () => {
  begin()
  const agent = await reached()
  await agent.load(schedule(20, 20), database())
  const startNs = nowRunNs() + 200e6
  await agent.start(startNs)
  await untilStatus(agent, ({ clients }) => clients[0]?.counts.ok === 20)
  await agent.stop()
  await untilStatus(agent, ({ phase }) => phase === 'stopped')
  await agent.compareClocks()

  const { records, uncertaintyNs, unmeasured } = agent.history.records(agent.clocks, startNs)
  expect(records.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, i) => i),
  )
  expect(node.received).toHaveLength(20)
  expect(unmeasured).toBe(0)
  for (const { index, dueNs, sentNs, doneNs } of records) {
    expect(Math.abs(dueNs - index * 20e6)).toBeLessThanOrEqual(uncertaintyNs + 1e6)
    expect(sentNs).toBeGreaterThanOrEqual(dueNs)
    expect(doneNs).toBeGreaterThanOrEqual(sentNs)
  }

  // What is loaded after a stop goes on, on the same time.
  await agent.load(schedule(3, 20, 1000), database())
  await agent.goOn()
  await untilStatus(agent, ({ clients }) => clients[0]?.nextDueNs !== undefined)
  expect(agent.status?.clients[0]?.nextDueNs).toBe(20_000e6)
}, 30_000)

test('a killed process is followed by one that tells what was durable and goes on', async () => {
  begin()
  const agent = await reached()
  await agent.load(schedule(2000, 10), database())
  await agent.start(nowRunNs() + 100e6)
  await untilStatus(agent, ({ clients }) => (clients[0]?.counts.ok ?? 0) >= 50)
  await end('SIGKILL')
  // What a kill may leave of the chunk that was being written.
  await appendFile(join(dir, 'history.ndjson'), '{"chunk":99,"incarn')
  const read = agent.history.last
  begin()
  await untilStatus(agent, ({ incarnation }) => incarnation === 2)
  await agent.compareClocks()
  await untilStatus(agent, ({ clients }) => (clients[0]?.counts.ok ?? 0) >= 50)
  await agent.stop()
  await untilStatus(agent, ({ phase }) => phase === 'stopped')

  expect(agent.history.last).toBeGreaterThan(read)
  const lines = (await readFile(join(dir, 'history.ndjson'), 'utf8')).trimEnd().split('\n')
  expect(lines).toHaveLength(agent.status?.lastChunk ?? 0)
  const sent = node.received.map((line) => line.split(' ').at(-1))
  expect(sent.length).toBe(new Set(sent).size)
  const { records } = agent.history.records(agent.clocks, 0)
  const known = new Set(records.map(({ value }) => value))
  expect(records.length).toBe(known.size)
  // Some were sent by the first process and are in nobody's history: they count as `info`.
  expect([...known].every((value) => sent.includes(value))).toBe(true)
  expect(sent.length).toBeGreaterThanOrEqual(known.size)
}, 30_000)

test('refuses what makes no sense, and a schedule that is not whole', async () => {
  begin()
  const agent = await reached()
  await expect(agent.start(0)).rejects.toThrow('There is nothing to start.')
  await expect(
    direct.call('POST', '/load', JSON.stringify({ digest: 'x', pieces: 1, database: database() })),
  ).rejects.toThrow('Piece 0 of the schedule is missing.')
  await direct.call('POST', '/piece?of=x&index=0', 'H4sIAAAAAAAAA0tMBAA05ygEAgAAAA==')
  await expect(
    direct.call('POST', '/load', JSON.stringify({ digest: 'x', pieces: 1, database: database() })),
  ).rejects.toThrow(/not the one that was announced|unexpected end|incorrect/)
}, 30_000)
