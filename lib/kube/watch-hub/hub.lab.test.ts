import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CoordinationV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InconclusiveError } from '../../model/errors.ts'
import { poll } from '../../std/poll.ts'
import { seededRandom } from '../../std/random.ts'
import { Cluster, orAbsent } from '../cluster.ts'
import { kubeconfigFor, startTestApiServer, type TestApiServer } from '../testing/api-server.ts'
import { type BreakableProxy, startBreakableProxy } from '../testing/breakable-proxy.ts'
import type { Entry } from './entries.ts'
import { type AnyTransition, type HubNews, WatchHub } from './hub.ts'
import { type WatchedKind, WATCHED_KINDS } from './kinds.ts'
import { recordTransitions } from './record.ts'

/** The hub against a real API server, behind a proxy that breaks and stalls its connections. */
const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
const DISCONNECTS = 1000
const LEASES = 'kube-node-lease'
const namespace = 'default'

let api: TestApiServer
let coordination: CoordinationV1Api
let proxy: BreakableProxy
/** As the hub sees it: through the proxy. */
let behind: Cluster
let dir = ''

beforeAll(async () => {
  api = await startTestApiServer()
  coordination = api.cluster.kubeconfig.makeApiClient(CoordinationV1Api)
  const { server = '' } = api.cluster.kubeconfig.getCurrentCluster() ?? {}
  proxy = await startBreakableProxy(Number(new URL(server).port))
  dir = await mkdtemp(join(tmpdir(), 'zonefall-hub-'))
  const kubeconfig = join(dir, 'kubeconfig')
  await writeFile(kubeconfig, kubeconfigFor(`https://127.0.0.1:${proxy.port}`, 'behind'))
  behind = await Cluster.connect({ kubeconfig, context: 'behind' })
  // The API server makes it by itself some time after its start.
  await poll({ what: `namespace ${LEASES}`, budget: 'stateVisible', intervalMs: 100 }, async () => {
    const found = await orAbsent(api.cluster.core.readNamespace({ name: LEASES }))
    return found ? { done: true, value: found } : { done: false, seen: 'no such namespace' }
  })
}, 120_000)

afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

const counted = (value: number) => ({ metadata: { annotations: { count: String(value) } } })

async function countNode(name: string, value: number): Promise<void> {
  await api.cluster.core.patchNode({ name, body: counted(value) }, MERGE_PATCH)
}

async function addLease(name: string, seconds: number): Promise<void> {
  await coordination.createNamespacedLease({
    namespace: LEASES,
    body: { metadata: { name }, spec: { holderIdentity: name, leaseDurationSeconds: seconds } },
  })
}

const named =
  (kind: WatchedKind, name: string) =>
  (news: HubNews): news is AnyTransition =>
    news.kind === kind && 'object' in news && news.object.metadata.name === name

const countOf = ({ object }: { object: AnyTransition['object'] }): number =>
  Number(object.metadata.annotations?.['count'] ?? 0)

/** Whether the hub has come to that count. */
function reached(hub: WatchHub, kind: WatchedKind, name: string, value: number): true | undefined {
  const object: AnyTransition['object'] | undefined = hub.state(kind).get(name)
  return object && countOf({ object }) === value ? true : undefined
}

function record(hub: WatchHub): HubNews[] {
  const news: HubNews[] = []
  hub.subscribe((item) => void news.push(item))
  return news
}

test(`misses no state over ${DISCONNECTS} forced disconnects`, async () => {
  const kinds = ['node', 'lease'] as const
  const name = 'counter'
  await api.addNode(name)
  await addLease(name, 40)
  await using hub = await WatchHub.start(behind, { namespace, kinds })
  const news = record(hub)
  const random = seededRandom('disconnects')

  const stop = new AbortController()
  let written = 0
  const writing = (async () => {
    while (!stop.signal.aborted) {
      written += 1
      await countNode(name, written)
      const lease = { namespace: LEASES, name, body: counted(written) }
      await coordination.patchNamespacedLease(lease, MERGE_PATCH)
      await delay(4)
    }
  })()
  for (let cuts = 0; cuts < DISCONNECTS; cuts += 1) {
    await poll({ what: 'the watches', budget: 'stateVisible', intervalMs: 1 }, () =>
      proxy.open >= kinds.length ? { done: true, value: true } : { done: false, seen: proxy.open },
    )
    // Some cuts meet the handshake, some the watch, some the middle of a line.
    await delay(random.int(6))
    proxy.cut()
  }
  stop.abort()
  await writing

  expect(written).toBeGreaterThan(DISCONNECTS)
  for (const kind of kinds) {
    await hub.until(() => reached(hub, kind, name, written), {
      what: `the last state of the ${kind}`,
      budget: 'stateVisible',
    })
    // Each state once and in order, also what was written while nothing was connected. No gap
    // excuses a missing one: the API server still has all of that history.
    const counts = news.filter(named(kind, name)).map(countOf)
    const all = Array.from({ length: written }, (_, i) => i + 1)
    expect(counts.filter((count) => count > 0)).toEqual(all)
  }
  expect(news.filter(({ type }) => type === 'gap')).toEqual([])
}, 240_000)

test('notices within 5 s that its watches fell silent, and misses nothing', async () => {
  const name = 'silent'
  await api.addNode(name)
  await using hub = await WatchHub.start(behind, { namespace })
  const news = record(hub)
  await poll({ what: 'the watches', budget: 'stateVisible', intervalMs: 10 }, () =>
    proxy.open >= WATCHED_KINDS.length
      ? { done: true, value: true }
      : { done: false, seen: proxy.open },
  )

  proxy.stall()
  const stalledMs = performance.now()
  await countNode(name, 1)
  await countNode(name, 2)
  const silent = () => news.filter((item) => item.type === 'trouble' && item.why !== undefined)
  await hub.until(() => silent().length === WATCHED_KINDS.length || undefined, {
    what: 'silence to be noticed',
    budget: 'stateVisible',
  })
  expect(silent().map(({ kind }) => kind)).toEqual(expect.arrayContaining([...WATCHED_KINDS]))
  for (const { atMs } of silent()) expect(atMs - stalledMs).toBeLessThan(5000)
  await hub.until(() => reached(hub, 'node', name, 2), {
    what: 'what was written in the silence',
    budget: 'stateVisible',
  })
  expect(performance.now() - stalledMs).toBeLessThan(6000)
  expect(news.filter(named('node', name)).map(countOf)).toEqual([1, 2])
  expect(hub.trouble('node')).toBeUndefined()
}, 60_000)

test('lists anew what the API server has forgotten, and sees who was deleted meanwhile', async () => {
  const { core } = api.cluster
  const addEvent = (name: string, reason: string) =>
    core.createNamespacedEvent({
      namespace,
      body: {
        metadata: { name },
        involvedObject: { kind: 'Pod', namespace, name: 'x' },
        reason,
        type: 'Normal',
      },
    })
  await addEvent('goes', 'Goes')
  await addEvent('stays', 'Stays')
  await addEvent('is-another', 'Old')
  // Events are the kind that the API server keeps no history of beside etcd's.
  await using hub = await WatchHub.start(behind, { namespace, kinds: ['event'] })
  const news = record(hub)

  proxy.isClosed = true
  proxy.cut()
  await core.deleteNamespacedEvent({ namespace, name: 'goes' })
  await core.deleteNamespacedEvent({ namespace, name: 'is-another' })
  await addEvent('is-another', 'New')
  await addEvent('comes', 'Comes')
  const { metadata } = await core.listNamespacedEvent({ namespace })
  const compacted = await fetch(`${api.etcdUrl}/v3/kv/compaction`, {
    method: 'POST',
    body: JSON.stringify({ revision: metadata?.resourceVersion, physical: true }),
  })
  expect(compacted.status).toBe(200)
  proxy.isClosed = false

  await hub.until(() => (hub.state('event').has('comes') ? true : undefined), {
    what: 'the event that came',
    budget: 'stateVisible',
  })
  const told = news
    .filter(({ type }) => type !== 'trouble')
    .map((item) =>
      'object' in item ? `${item.type} ${item.object.metadata.name} ${item.afterGap}` : item.type,
    )
  expect(told[0]).toBe('gap')
  expect(told.slice(1).toSorted()).toEqual([
    'added comes true',
    'added is-another true',
    'deleted goes true',
    'deleted is-another true',
  ])
  expect([...hub.state('event').keys()].toSorted()).toEqual(['comes', 'is-another', 'stays'])
}, 60_000)

describe('the recorder', () => {
  test('writes what happens to nodes, and a lease that is no longer renewed', async () => {
    const name = 'recorded'
    await using hub = await WatchHub.start(api.cluster, { namespace, kinds: ['node', 'lease'] })
    const entries: Entry[] = []
    using _recording = recordTransitions(hub, { emit: (entry) => void entries.push(entry) })
    const kinds = () =>
      entries.filter(({ subject }) => subject === `node/${name}`).map(({ kind }) => kind)
    const told = (kind: string) =>
      poll({ what: kind, budget: 'stateVisible', intervalMs: 20 }, () =>
        kinds().includes(kind) ? { done: true, value: true } : { done: false, seen: kinds() },
      )

    await api.addNode(name)
    await addLease(name, 1)
    await told('lease.lost')
    const renewed = { spec: { renewTime: '2026-01-01T00:00:00.000000Z' } }
    await coordination.patchNamespacedLease({ namespace: LEASES, name, body: renewed }, MERGE_PATCH)
    await told('lease.renewed')
    await api.cluster.core.patchNode({ name, body: { spec: { unschedulable: true } } }, MERGE_PATCH)
    await told('node.cordoned')
    await api.cluster.core.deleteNode({ name })
    await told('node.deleted')
    expect(kinds()[0]).toBe('node.added')
  }, 60_000)
})

describe('a wait', () => {
  test('that runs out names what was awaited, seen last, and not to be seen', async () => {
    await using hub = await WatchHub.start(behind, { namespace, kinds: ['node'] })
    proxy.isClosed = true
    proxy.cut()
    const waiting = hub.until(() => undefined, {
      what: 'a miracle',
      owner: 'the test',
      budget: 'stateVisible',
      budgetMs: 300,
    })
    await expect(waiting).rejects.toThrow(
      /the test: waited 0\.\d s for a miracle .*nothing since the watch began.*nodes can't be seen: the API server did not answer/,
    )
    proxy.isClosed = false
  })

  test('for what may not be read is refused', async () => {
    const { kubeconfig, context } = api
    const nobody = await Cluster.connect({ kubeconfig, context, impersonate: 'nobody' })
    await using hub = await WatchHub.start(nobody, { namespace, kinds: ['node', 'pod'] })
    expect([...hub.refused.keys()].toSorted()).toEqual(['node', 'pod'])
    expect(() => hub.state('node')).toThrow(InconclusiveError)
    expect(() => hub.state('node')).toThrow(/nodes are not watched: the API server answered 403/)
  })
})
