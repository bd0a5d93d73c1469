import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreV1Api, KubeConfig, StorageV1Api } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ensureArtifacts } from '../artifacts/ensure-artifacts.ts'
import type { LabAccess } from '../cli/up.ts'
import { run } from '../std/run.ts'
import { until } from '../std/until.ts'
import { labCommand, labUp } from '../testing/lab-under-test.ts'

const NAME = 'test-driver'
/** Cassandra's start on a busy machine. */
const BUDGET = { timeoutMs: 180_000, intervalMs: 250 }
const namespace = 'default'

/** Stands in for upstream's binary: says how it was called, then becomes the lab's own driver. */
const STAND_IN = `#!/bin/sh
{ echo "called: $*"; env; } >&2
if [ -e /driver.mjs ]; then exec /usr/bin/node /driver.mjs "$@"; fi
exec /opt/zonefall/node /opt/zonefall/driver.mjs "$@"
`

let folder: string
let access: LabAccess
let core: CoreV1Api
let storage: StorageV1Api

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-driver-'))
  const driver = join(folder, 'aws-ebs-csi-driver')
  await writeFile(driver, STAND_IN, { mode: 0o755 })
  await labCommand(NAME, 'down')
  vi.stubEnv('ZONEFALL_EBS_DRIVER', driver)
  access = await labUp(NAME, '--zones', '1')
  const config = new KubeConfig()
  config.loadFromFile(access.kubeconfig)
  core = config.makeApiClient(CoreV1Api)
  storage = config.makeApiClient(StorageV1Api)
}, 1_800_000)

afterAll(async () => {
  vi.unstubAllEnvs()
  await labCommand(NAME, 'down')
  await rm(folder, { recursive: true })
}, 60_000)

it('runs on the nodes as upstream’s does', async () => {
  const [node] = (await core.listNode()).items
  const name = node?.metadata?.name ?? ''
  const log = await readFile(join(access.logs, name, 'ebs-csi-node.log'), 'utf8')
  expect(log.split('\n')).toEqual(
    expect.arrayContaining([
      'called: node --endpoint=unix:/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock --metadata-sources=kubernetes --kubeconfig=/etc/kubernetes/kubelet.kubeconfig --volume-attach-limit=25 --logging-format=text',
      `CSI_NODE_NAME=${name}`,
      ...awsEnvironment(),
    ]),
  )
  const [csiNode] = (await storage.listCSINode()).items
  expect(csiNode?.spec.drivers).toMatchObject([
    { name: 'ebs.csi.aws.com', allocatable: { count: 25 } },
  ])
})

it('runs in the controller as upstream’s does', async () => {
  const labelSelector = 'app=ebs-csi-controller'
  const { items } = await core.listNamespacedPod({ namespace: 'kube-system', labelSelector })
  expect(items).toHaveLength(2)
  for (const { metadata, spec } of items) {
    const log = await core.readNamespacedPodLog({
      namespace: 'kube-system',
      name: metadata?.name ?? '',
      container: 'ebs-plugin',
    })
    expect(log.split('\n')).toEqual(
      expect.arrayContaining([
        'called: controller --endpoint=unix:///var/lib/csi/sockets/pluginproxy/csi.sock --batching=true --logging-format=text --v=2',
        `CSI_NODE_NAME=${spec?.nodeName}`,
        ...awsEnvironment(),
      ]),
    )
  }
})

it('is told of in reports, and not changed under a running lab', async () => {
  const named = { standsBehind: join(folder, 'aws-ebs-csi-driver') }
  expect(access.images).toContainEqual(expect.objectContaining(named))
  expect(access.differences.join()).toContain('the binary that ZONEFALL_EBS_DRIVER named')
  expect(await labUp(NAME)).toMatchObject({ differences: access.differences, reused: true })
  vi.stubEnv('ZONEFALL_EBS_DRIVER', '/bin/true')
  const { code, stderr } = await labCommand(NAME, 'up')
  expect(stderr).toContain(`the lab ${NAME} is up with another EBS driver`)
  expect(code).toBe(3)
})

it('gives a Cassandra 5.0 its volume, which takes a write and reads it', async () => {
  const name = 'cassandra'
  await storage.createStorageClass({
    body: {
      metadata: { name: 'disks' },
      provisioner: 'ebs.csi.aws.com',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
  })
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'disks',
        resources: { requests: { storage: '1Gi' } },
      },
    },
  })
  const probe = 'nodetool status | grep --quiet "^UN  *$(hostname -i) "'
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name },
      spec: {
        containers: [
          {
            name,
            image: 'cassandra:5.0',
            env: [
              { name: 'MAX_HEAP_SIZE', value: '512M' },
              { name: 'HEAP_NEWSIZE', value: '100M' },
            ],
            resources: { limits: { cpu: '1', memory: '1Gi' } },
            readinessProbe: { exec: { command: ['bash', '-c', probe] }, timeoutSeconds: 5 },
            volumeMounts: [{ name, mountPath: '/var/lib/cassandra' }],
          },
        ],
        volumes: [{ name, persistentVolumeClaim: { claimName: name } }],
      },
    },
  })
  await until('a ready Cassandra', BUDGET, async () => {
    const { status } = await core.readNamespacedPod({ name, namespace })
    const seen = JSON.stringify(status?.containerStatuses?.[0]?.state)
    if (status?.containerStatuses?.[0]?.ready !== true) throw new Error(`its state is ${seen}`)
    return true
  })
  const { binaries } = await ensureArtifacts()
  const inside = (...command: string[]) =>
    run(join(binaries, 'kubectl'), [
      `--kubeconfig=${access.kubeconfig}`,
      'exec',
      name,
      '--',
      ...command,
    ])
  const cql = `
    CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
    CREATE TABLE k.t (k text PRIMARY KEY);
    INSERT INTO k.t (k) VALUES ('row-1');
    SELECT k FROM k.t`
  expect(await inside('cqlsh', '-e', cql)).toMatch(/^ *row-1$/m)
  expect(await inside('df', '/var/lib/cassandra')).toMatch(/^\/dev\/\S+ .* \/var\/lib\/cassandra$/m)
})

function awsEnvironment(): string[] {
  return [
    `AWS_REGION=${access.region}`,
    'AWS_EC2_ENDPOINT=http://10.0.0.2:8000',
    'AWS_ENDPOINT_URL_EC2=http://10.0.0.2:8000',
    'AWS_EC2_METADATA_DISABLED=true',
    `AWS_ACCESS_KEY_ID=${access.accessKeyId}`,
    `AWS_SECRET_ACCESS_KEY=${access.secretAccessKey}`,
  ]
}
