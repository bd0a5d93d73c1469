import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { scriptedEc2 } from '../aws/testing/scripted-ec2.ts'
import { cordonZone } from '../faults/cordon-zone.ts'
import { applyObjects } from '../kube/apply.ts'
import { orAbsent } from '../kube/cluster.ts'
import { parseManifests } from '../kube/manifests.ts'
import { startTestApiServer, type TestApiServer } from '../kube/testing/api-server.ts'
import type { Undo } from '../model/journal.ts'
import { faultContextOf } from './fault-context.ts'
import { Journal, readJournal } from './journal.ts'
import { Timeline } from './timeline.ts'
import { undoAll, type UndoContext } from './undo.ts'

/** What a run did not make is never touched, whatever its names and labels. */
let api: TestApiServer
let dir = ''
let context: UndoContext
let count = 0
const namespace = 'default'

beforeAll(async () => {
  api = await startTestApiServer()
  dir = await mkdtemp(join(tmpdir(), 'zonefall-ownership-'))
})
afterAll(async () => {
  await rm(dir, { recursive: true })
  await api[Symbol.asyncDispose]()
})
beforeEach(() => {
  count += 1
  const startedAtEpochMs = Date.now()
  context = {
    id: 'mine',
    cluster: api.cluster,
    target: { kind: 'lab', context: '' },
    journal: new Journal(join(dir, `journal-${count}.ndjson`)),
    timeline: new Timeline(join(dir, `timeline-${count}.ndjson`), startedAtEpochMs, 'supervisor'),
    startedAtEpochMs,
  }
})

const makeClaim = (name: string, labels: Record<string, string>, volumeName?: string) =>
  api.cluster.core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name, labels },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'none',
        resources: { requests: { storage: '1Gi' } },
        ...(volumeName === undefined ? {} : { volumeName }),
      },
    },
  })
const readClaim = (name: string) =>
  orAbsent(api.cluster.core.readNamespacedPersistentVolumeClaim({ namespace, name }))
const makeConfigMap = (name: string, labels: Record<string, string> = {}) =>
  api.cluster.core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } })
const readConfigMap = (name: string) =>
  orAbsent(api.cluster.core.readNamespacedConfigMap({ namespace, name }))
const deletion = (name: string, objectKind = 'ConfigMap'): Undo => ({
  kind: 'delete-object',
  apiVersion: 'v1',
  objectKind,
  namespace,
  name,
  awaitGone: true,
})

const statefulSet = (name: string, app: string) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: ${name} }
spec:
  replicas: 0
  serviceName: ${name}
  selector: { matchLabels: { app: ${app} } }
  template:
    metadata: { labels: { app: ${app} } }
    spec: { containers: [{ name: c, image: none }] }
  volumeClaimTemplates:
    - metadata: { name: data, labels: { zonefall.io/run: mine } }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`

test.for([
  ['named as the StatefulSet would name it', 'data-one-0', 'others', 'one'],
  ['with the labels of its selector', 'of-another-tool', 'two', 'two'],
])('a claim %s is a reason to refuse', async ([, claim = '', app = '', set = '']) => {
  await makeClaim(claim, { app })
  const objects = parseManifests(statefulSet(set, set), 'set.yaml')
  const applying = applyObjects(api.cluster, context.journal, objects, { namespace, scope: 'file' })
  await expect(applying).rejects.toThrow(`PersistentVolumeClaim ${claim} exists already`)
  expect(context.journal.pending()).toEqual([])
  expect((await api.cluster.apps.listNamespacedStatefulSet({ namespace })).items).toEqual([])
  await api.cluster.core.deleteNamespacedPersistentVolumeClaim({ namespace, name: claim })
})

test('only the claims of the run and of the set go; a retained volume from before stays', async () => {
  const { core } = api.cluster
  await core.createPersistentVolume({
    body: {
      metadata: { name: 'from-before' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'none',
        hostPath: { path: '/x' },
      },
    },
  })
  await applyObjects(
    api.cluster,
    context.journal,
    parseManifests(statefulSet('db', 'db'), 'set.yaml'),
    { namespace, scope: 'file' },
  )
  await makeClaim('data-db-0', { app: 'db', 'zonefall.io/run': 'mine' }, 'from-before')
  await makeClaim('data-db-1', { app: 'db' })
  await makeClaim('theirs', { app: 'db', 'zonefall.io/run': 'mine' })
  const later = { ...context, startedAtEpochMs: Date.now() + 60_000 }
  expect(await undoAll(later, context.journal.pending())).toEqual([])
  expect(await readClaim('data-db-0')).toBeUndefined()
  expect(await readClaim('data-db-1')).toBeDefined()
  expect(await readClaim('theirs')).toBeDefined()
  expect(await orAbsent(core.readPersistentVolume({ name: 'from-before' }))).toBeDefined()
})

test('a volume that a person put behind a retained one is never deleted, one that was made for it is', async () => {
  await using ec2 = await scriptedEc2(
    {
      DeleteVolume: [{ xml: '<return>true</return>' }],
      DescribeVolumes: [{ xml: '<volumeSet/>' }],
    },
    0,
  )
  const aws = { region: 'us-east-1', endpoint: ec2.url, accessKeyId: 'a', secretAccessKey: 's' }
  const made = { 'pv.kubernetes.io/provisioned-by': 'ebs.csi.aws.com' }
  const volumes = { theirs: {}, made }
  for (const [name, annotations] of Object.entries(volumes)) {
    await api.cluster.core.createPersistentVolume({
      body: {
        metadata: { name, annotations },
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: 'none',
          csi: { driver: 'ebs.csi.aws.com', volumeHandle: `vol-${name}` },
        },
      },
    })
    await makeClaim(`claim-of-${name}`, {}, name)
    await context.journal.change(
      {
        scenario: 's',
        action: 'make a claim',
        undo: deletion(`claim-of-${name}`, 'PersistentVolumeClaim'),
      },
      () => Promise.resolve(),
    )
  }
  const onAws = { ...context, target: { kind: 'lab', context: '', aws } } as const
  expect(await undoAll(onAws, context.journal.pending())).toEqual([])
  expect(ec2.calls.filter((call) => call.startsWith('DeleteVolume'))).toEqual([
    'DeleteVolume vol-made',
  ])
})

test('a creation that was refused leaves nothing due', async () => {
  await makeConfigMap('theirs')
  const creating = context.journal.change(
    { scenario: 's', action: 'create it', undo: deletion('theirs') },
    () => makeConfigMap('theirs'),
  )
  await expect(creating).rejects.toThrow('409')
  expect(readJournal(context.journal.path).map(({ step }) => step)).toEqual(['intent', 'refused'])
  expect(await undoAll(context, context.journal.pending())).toEqual([])
  expect(await readConfigMap('theirs')).toBeDefined()
})

test('another object under the name of one that the run made is left alone', async () => {
  const { value } = await context.journal.change(
    { scenario: 's', action: 'create it', undo: deletion('replaced') },
    () => makeConfigMap('replaced'),
  )
  await api.cluster.core.deleteNamespacedConfigMap({ namespace, name: 'replaced' })
  const other = await makeConfigMap('replaced')
  expect(context.journal.pending()).toMatchObject([{ uid: value.metadata?.uid }])
  expect(await undoAll(context, context.journal.pending())).toEqual([])
  expect((await readConfigMap('replaced'))?.metadata?.uid).toBe(other.metadata?.uid)
})

test('without an answer the label of the run tells, or in the lab the name', async () => {
  for (const name of ['labelled', 'unlabelled']) {
    await makeConfigMap(name, name === 'labelled' ? { 'zonefall.io/run': 'mine' } : {})
    const change = context.journal.change(
      { scenario: 's', action: name, undo: deletion(name) },
      () => Promise.reject(new Error('time-out')),
    )
    await expect(change).rejects.toThrow('time-out')
  }
  const due = context.journal.pending()
  expect(await undoAll({ ...context, target: { kind: 'kubeconfig', context: '' } }, due)).toEqual(
    [],
  )
  expect(await readConfigMap('labelled')).toBeUndefined()
  expect(await readConfigMap('unlabelled')).toBeDefined()
  expect(await undoAll(context, due)).toEqual([])
  expect(await readConfigMap('unlabelled')).toBeUndefined()
})

test('faults are healed before anything is deleted, each in its own order', async () => {
  const { core } = api.cluster
  await api.addNode('node-old')
  const cordon: Undo = { kind: 'set-unschedulable', node: 'node-old', value: false }
  const order: string[] = []
  for (const undo of [cordon, deletion('first'), deletion('second')]) {
    await context.journal.change({ scenario: 's', action: undo.kind, undo }, () =>
      Promise.resolve(),
    )
  }
  const due = context.journal.pending()
  expect(await undoAll(context, due)).toEqual([])
  const ids = due.map(({ id }) => id)
  for (const entry of readJournal(context.journal.path)) {
    if (entry.step === 'undone') order.push(entry.id)
  }
  expect(order).toEqual([ids[2], ids[0], ids[1]])
  await core.deleteNode({ name: 'node-old' })
})

test('a node that is gone keeps no other from being uncordoned', async () => {
  const { core } = api.cluster
  for (const name of ['node-a', 'node-b', 'node-c']) await api.addNode(name, 'a')
  const zone = { name: 'a', nodes: ['node-a', 'node-b', 'node-c'].map((name) => ({ name })) }
  const faults = faultContextOf(context, namespace, undefined)
  const plan = await cordonZone.plan(faults, zone)
  const effect = await cordonZone.inject(faults, plan)
  await core.deleteNode({ name: 'node-a' })
  await cordonZone.heal(faults, plan, effect)
  for (const name of ['node-b', 'node-c']) {
    expect((await core.readNode({ name })).spec?.unschedulable).toBeUndefined()
  }
  expect(context.journal.pending()).toEqual([])
})
