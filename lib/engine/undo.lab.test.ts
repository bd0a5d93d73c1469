import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PatchStrategy, setHeaderOptions, V1MicroTime } from '@kubernetes/client-node'
import { Cluster, orAbsent } from '../kube/cluster.ts'
import { awaitHeartbeats, readHeartbeats } from '../kube/node-heartbeat.ts'
import type { Undo } from '../model/journal.ts'
import { Journal } from './journal.ts'
import { compareProjections, takeProjection } from './leaks.ts'
import { startTestApiServer, type TestApiServer } from '../kube/testing/api-server.ts'
import { Timeline } from './timeline.ts'
import { undoAll, type UndoContext } from './undo.ts'

let api: TestApiServer
let dir = ''
let context: UndoContext
const namespace = 'default'

beforeAll(async () => {
  api = await startTestApiServer()
  dir = await mkdtemp(join(tmpdir(), 'zonefall-undo-'))
  await api.addNode('node-a', 'a')
  const startedAtEpochMs = Date.now()
  context = {
    id: 'r',
    cluster: api.cluster,
    target: { kind: 'lab', context: '' },
    journal: new Journal(join(dir, 'journal.ndjson')),
    timeline: new Timeline(join(dir, 'timeline.ndjson'), startedAtEpochMs, 'supervisor'),
    startedAtEpochMs,
  }
})
afterAll(async () => {
  await rm(dir, { recursive: true })
  await api[Symbol.asyncDispose]()
})

async function journaled(...undos: readonly Undo[]): Promise<void> {
  for (const undo of undos) {
    await context.journal.change({ scenario: 't', action: undo.kind, undo }, () =>
      Promise.resolve(),
    )
  }
}

async function undoTwice(): Promise<void> {
  const due = context.journal.pending()
  expect(await undoAll(context, due)).toEqual([])
  expect(context.journal.pending()).toEqual([])
  // Whoever replays a journal may be the second to do so.
  expect(await undoAll(context, due)).toEqual([])
}

const look = () =>
  takeProjection({
    cluster: api.cluster,
    target: { kind: 'lab', context: 'test', namespace },
    runId: 'r',
    ownsNamespace: false,
  })

const labels = { app: 'db' }

async function makeStatefulSet(name: string): Promise<void> {
  await api.cluster.apps.createNamespacedStatefulSet({
    namespace,
    body: {
      metadata: { name },
      spec: {
        replicas: 3,
        podManagementPolicy: 'Parallel',
        serviceName: name,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'c', image: 'none' }] },
        },
      },
    },
  })
}

test('a StatefulSet, claims with their volumes, and a cordon: all is as before', async () => {
  const before = await look()
  const { core } = api.cluster
  await journaled(
    { kind: 'delete-claims', namespace, selector: 'app=db' },
    {
      kind: 'delete-object',
      apiVersion: 'apps/v1',
      objectKind: 'StatefulSet',
      namespace,
      name: 'db',
      awaitGone: true,
    },
    { kind: 'set-unschedulable', node: 'node-a', value: false },
  )
  await makeStatefulSet('db')
  await core.createPersistentVolume({
    body: {
      metadata: { name: 'pv-0' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'none',
        hostPath: { path: '/x' },
        claimRef: { namespace, name: 'data-db-0' },
      },
    },
  })
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name: 'data-db-0', labels },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'none',
        volumeName: 'pv-0',
        resources: { requests: { storage: '1Gi' } },
      },
    },
  })
  const node = await core.readNode({ name: 'node-a' })
  if (node.spec) node.spec.unschedulable = true
  await core.replaceNode({ name: 'node-a', body: node })

  const differences = compareProjections(before, await look())
  expect(differences).toEqual(
    expect.arrayContaining([
      'StatefulSet default/db is left (present).',
      'PersistentVolumeClaim default/data-db-0 is left (present).',
      'PersistentVolume pv-0 is left (present).',
      expect.stringMatching(/^Node node-a was schedulable.* and is cordoned/),
    ]),
  )
  await undoTwice()
  expect(compareProjections(before, await look())).toEqual([])
})

test('a StatefulSet gets its number of replicas back, and the surplus pods are gone', async () => {
  const { apps, core } = api.cluster
  await makeStatefulSet('scaled')
  await journaled({ kind: 'scale-statefulset', namespace, name: 'scaled', replicas: 1 })
  await undoTwice()
  const found = await apps.readNamespacedStatefulSet({ namespace, name: 'scaled' })
  expect(found.spec?.replicas).toBe(1)
  expect(found.status?.replicas).toBeLessThanOrEqual(1)
  await journaled({
    kind: 'delete-object',
    apiVersion: 'apps/v1',
    objectKind: 'StatefulSet',
    namespace,
    name: 'scaled',
    awaitGone: true,
  })
  await undoTwice()
  expect((await core.listNamespacedPod({ namespace })).items).toEqual([])
})

test('one that fails keeps no other from being undone, and stays due', async () => {
  const { core } = api.cluster
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'older' } } })
  const node = await core.readNode({ name: 'node-a' })
  if (node.spec) node.spec.unschedulable = true
  await core.replaceNode({ name: 'node-a', body: node })
  await journaled(
    {
      kind: 'delete-object',
      apiVersion: 'v1',
      objectKind: 'ConfigMap',
      namespace,
      name: 'older',
      awaitGone: true,
    },
    { kind: 'set-unschedulable', node: 'node-a', value: false },
  )
  await makeLimitedUser()
  const failures = await undoAll(
    { ...context, cluster: await limitedUser() },
    context.journal.pending(),
  )
  expect(failures.map(({ text }) => text)).toEqual([
    expect.stringMatching(
      /^"set-unschedulable" could not be undone: the API server answered 403: .*cannot patch resource "nodes"/,
    ),
  ])
  expect(await orAbsent(core.readNamespacedConfigMap({ namespace, name: 'older' }))).toBeUndefined()
  expect(context.journal.pending()).toMatchObject([{ undo: { node: 'node-a' }, failures: 1 }])
  await undoTwice()
})

test('databases are not restarted beside pods that could not be deleted', async () => {
  const restarted = join(dir, 'restarted')
  const said = ['ID : 1', 'Data Center : d', 'Rack : r', 'Name: c', 'Mode: NORMAL']
  const nodetool = `#!/bin/bash\n[ -e ${restarted} ] || exit 1\nprintf '${said.join('\\n')}\\n'\n`
  await writeFile(join(dir, 'nodetool'), nodetool, { mode: 0o755 })
  const { core } = api.cluster
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'stays' } } })
  await journaled(
    {
      kind: 'restart-databases',
      hosts: [{ instanceId: 'i-1', address: '10.0.0.1' }],
      onInstance: `env PATH=${dir}:/usr/bin:/bin`,
      restart: `touch ${restarted}`,
    },
    {
      kind: 'delete-object',
      apiVersion: 'v1',
      objectKind: 'Secret',
      namespace,
      name: 'stays',
      awaitGone: true,
    },
  )
  const limited = { ...context, cluster: await limitedUser() }
  expect((await undoAll(limited, context.journal.pending())).map(({ text }) => text)).toEqual([
    expect.stringContaining('"delete-object" could not be undone'),
    expect.stringMatching(
      /^"restart-databases" could not be undone: Pods with their names may be left, for "delete-object"/,
    ),
  ])
  await expect(access(restarted)).rejects.toThrow('ENOENT')
  await undoTwice()
  await access(restarted)
})

/** A user who may delete ConfigMaps, and look at nodes but not change them. */
async function makeLimitedUser(): Promise<void> {
  const { objects } = api.cluster
  const header = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'limited' } }
  const rules = [
    { apiGroups: [''], resources: ['configmaps'], verbs: ['*'] },
    { apiGroups: [''], resources: ['nodes'], verbs: ['get'] },
  ]
  await objects.create({ ...header, kind: 'ClusterRole', rules })
  await objects.create({
    ...header,
    kind: 'ClusterRoleBinding',
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'limited' },
    subjects: [{ kind: 'User', name: 'limited' }],
  })
}

function limitedUser(): Promise<Cluster> {
  const { kubeconfig, context } = api
  return Cluster.connect({ kubeconfig, context, impersonate: 'limited' })
}

test('a node is heard of when its lease is renewed, and not missed where leases may not be seen', async () => {
  const lease = { name: 'node-a', namespace: 'kube-node-lease' }
  const renewed = (second: number) => ({
    metadata: { name: lease.name },
    spec: { renewTime: new V1MicroTime(Date.UTC(2026, 0, 1, 0, 0, second)) },
  })
  const { coordination } = api.cluster
  await coordination.createNamespacedLease({ namespace: lease.namespace, body: renewed(0) })
  const before = await readHeartbeats(api.cluster)
  expect(before?.get('node-a')).toContain('2026-01-01T00:00:00')
  const seen: string[] = []
  const heard = awaitHeartbeats(api.cluster, ['node-a'], before).then(() => seen.push('heard'))
  // Anything about it but its time says nothing.
  const touched = { metadata: { labels: { x: 'y' } } }
  const header = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
  await coordination.patchNamespacedLease({ ...lease, body: touched }, header)
  expect(await readHeartbeats(api.cluster)).toEqual(before)
  expect(seen).toEqual([])
  await coordination.patchNamespacedLease({ ...lease, body: { spec: renewed(1).spec } }, header)
  await heard
  expect(await readHeartbeats(await limitedUser())).toBeUndefined()
})

test('what was being deleted before the run may vanish; what the run leaves so is a leak', async () => {
  const { core } = api.cluster
  const make = async (name: string) => {
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name, finalizers: ['zonefall.io/test'] } },
    })
    await core.deleteNamespacedConfigMap({ namespace, name })
  }
  await make('leaving')
  const before = await look()
  await core.replaceNamespacedConfigMap({
    namespace,
    name: 'leaving',
    body: { metadata: { name: 'leaving' } },
  })
  await make('stuck')
  expect(compareProjections(before, await look())).toEqual([
    'ConfigMap default/stuck is left (being deleted).',
  ])
  await core.replaceNamespacedConfigMap({
    namespace,
    name: 'stuck',
    body: { metadata: { name: 'stuck' } },
  })
})

test('on a shared cluster only objects with the label of the run count', async () => {
  const scope = {
    cluster: api.cluster,
    target: { kind: 'kubeconfig', context: 'test', namespace },
    runId: 'mine',
    ownsNamespace: false,
  } as const
  const before = await takeProjection(scope)
  const make = (name: string, labels: Record<string, string>) =>
    api.cluster.core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } })
  await make('others', {})
  await make('ours', { 'zonefall.io/run': 'mine' })
  expect(compareProjections(before, await takeProjection(scope))).toEqual([
    'ConfigMap default/ours is left (present).',
  ])
})
