import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Aws } from '../aws/aws.ts'
import {
  isReading,
  type RecordedAwsCall,
  type RecordingAwsProxy,
  startRecordingAwsProxy,
} from '../aws/testing/recording-proxy.ts'
import { loadPrices } from '../cost/prices.ts'
import { collectScenarios } from '../engine/collect.ts'
import { Interrupts } from '../engine/interrupts.ts'
import { MADE_BY_THE_RUN } from '../engine/planned-calls.ts'
import { selectScenarios } from '../engine/select.ts'
import { superviseRun } from '../engine/supervisor.ts'
import { type MadeCall, unplannedCalls, withRunId } from '../engine/testing/unplanned-calls.ts'
import { Cluster } from '../kube/cluster.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import { createReporter } from '../report/terminal.ts'
import { labTarget } from '../targets/lab.ts'
import type { StartedTarget, Target } from '../targets/target.ts'
import { makePlan } from './make-plan.ts'

/**
 * A run of nearly every fault, with the calls that it made as both APIs saw them: the API server by
 * its audit log, EC2 and Auto Scaling by a proxy in front of them.
 */
const LAB = 'plan-test'
const NAMESPACE = 'calls'
const ROOT = join(import.meta.dirname, '../engine/testing/project')
const MANIFESTS = { cassandra: join(ROOT, 'manifests/cassandra.yaml') }

let lab: Target
let started: StartedTarget
let proxy: RecordingAwsProxy
let out = ''

beforeAll(async () => {
  lab = labTarget({ namespace: NAMESPACE, keep: false, name: LAB, timers: 'short' })
  const { signal } = new AbortController()
  started = await lab.start({ onStep: () => undefined, signal })
  proxy = await startRecordingAwsProxy(started.description.aws?.endpoint ?? '')
  out = await mkdtemp(join(tmpdir(), 'zonefall-plan-'))
  vi.stubEnv('ZONEFALL_LAB', LAB)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await proxy[Symbol.asyncDispose]()
  await started.stop()
  await rm(out, { recursive: true })
})

/** The lab that is up, with the proxy in front of its EC2. */
function recorded(): Target {
  const { description } = started
  const { aws } = description
  if (!aws) throw new Error('the lab has EC2')
  return {
    ...lab,
    start: () =>
      Promise.resolve({
        ...started,
        owned: false,
        stop: () => Promise.resolve(),
        description: { ...description, aws: { ...aws, endpoint: proxy.url } },
      }),
  }
}

const auditSchema = z.object({
  verb: z.string(),
  user: z.object({ username: z.string() }),
  objectRef: z
    .object({
      resource: z.string(),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
})

async function auditLog(): Promise<string> {
  return readFile(join(started.logsDir ?? '', 'audit.log'), 'utf8')
}

/** What the audit log says, in the words of a plan. */
function kubernetesCalls(log: string): MadeCall[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line): MadeCall[] => {
      const { verb, objectRef: ref } = auditSchema.parse(JSON.parse(line))
      // A review asks what one may do, and changes nothing.
      if (!ref || ref.resource.endsWith('reviews')) return []
      const what =
        ref.subresource === undefined ? ref.resource : `${ref.resource}/${ref.subresource}`
      // A session in a pod is a GET over WebSocket.
      const said = ref.subresource !== undefined && verb === 'get' ? 'create' : verb
      const target = [ref.resource === 'namespaces' ? undefined : ref.namespace, ref.name]
      return [
        {
          api: 'kubernetes',
          call: `${said} ${what}`,
          targets: [target.filter((part) => part !== undefined).join('/')],
        },
      ]
    })
}

/** What the proxy saw change something, in the words of a plan. */
function awsCalls(calls: readonly RecordedAwsCall[]): MadeCall[] {
  const made = new Set<string>()
  const subnetOf = new Map<string, string>()
  return calls.flatMap((call): MadeCall[] => {
    const { service, action, parameters, answer } = call
    for (const [, association = '', subnet = ''] of answer.matchAll(ASSOCIATION)) {
      subnetOf.set(association, subnet)
    }
    if (isReading(call)) return []
    if (action.startsWith('Create') || action.startsWith('Run')) {
      for (const [id] of answer.matchAll(/\b(acl|i)-[0-9a-f]{8,}\b/g)) made.add(id)
    }
    const targets = Object.entries(parameters)
      .filter(([name]) => TARGETS.test(name))
      .map(([, value]) => (made.has(value) ? MADE_BY_THE_RUN : (subnetOf.get(value) ?? value)))
    return [{ api: service === 'autoscaling' ? 'autoscaling' : 'ec2', call: action, targets }]
  })
}

const ASSOCIATION =
  /<networkAclAssociationId>([^<]+)<\/networkAclAssociationId>\s*<networkAclId>[^<]*<\/networkAclId>\s*<subnetId>([^<]+)/g
/** The parameter of each action that says what it is done to. */
const TARGETS =
  /^(InstanceId(\.\d+)?|AutoScalingGroupName|VolumeId|VpcId|SubnetId|AssociationId|NetworkAclId)$/

test('a run makes no call that its plan does not name', async () => {
  const known = await collectScenarios(ROOT)
  const tags = ['calls']
  const selected = selectScenarios(known, { filters: [], tier: 'full', tags })
  const plan = await makePlan(known, {
    target: 'lab',
    namespace: NAMESPACE,
    filters: [],
    tier: 'full',
    tags,
    manifests: MANIFESTS,
    prices: await loadPrices(),
  })
  const before = (await auditLog()).length
  const { summary } = await superviseRun({
    target: recorded(),
    selected,
    known,
    seed: 'calls',
    out,
    root: ROOT,
    interrupts: new Interrupts(),
    reporter: createReporter({ stream: process.stdout, isTTY: false }),
    options: { tier: 'full', keep: false, manifests: MANIFESTS, require: [] },
  })
  expect([summary.exitCode, ...summary.results.map(({ outcome }) => outcome)]).toEqual([0, 'pass'])

  const made = [...kubernetesCalls((await auditLog()).slice(before)), ...awsCalls(proxy.calls)]
  const planned = withRunId(plan.calls, summary.runId)
  expect(unplannedCalls(planned, made)).toEqual([])
  // What it names is really called, but for what this run had no reason to.
  const idle = planned.filter(
    ({ api, call }) => api !== 'lab' && !made.some((one) => one.api === api && one.call === call),
  )
  expect(idle.map(({ call }) => call).toSorted()).toEqual([
    'DeleteVolume',
    'TerminateInstances',
    'create poddisruptionbudgets',
    'create pods/portforward',
    'delete persistentvolumes',
    'delete poddisruptionbudgets',
    'patch statefulsets/scale',
  ])
  // A plan that lacks a call is found out.
  for (const call of ['StopInstances', 'ReplaceNetworkAclAssociation', 'create pods/eviction']) {
    const less = planned.filter((one) => one.call !== call)
    expect(unplannedCalls(less, made).map((one) => one.call)).toContain(call)
  }
})

describe('cleanup --audit', () => {
  const audit = (run?: string) => {
    const args = ['cleanup', '--audit', '--json', ...(run === undefined ? [] : ['--run', run])]
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), ...args],
      { encoding: 'utf8', env: { ...process.env, ZONEFALL_LAB: LAB } },
    )
    return { status, stderr, ...auditSaid.parse(JSON.parse(stdout)) }
  }

  test('finds nothing after a run, and everything that carries the mark of one', async () => {
    expect(audit()).toMatchObject({ status: 0, left: [], unseen: [] })
    const { kubeconfig, context, aws: access, zones } = started.description
    if (!access) throw new Error('the lab has EC2')
    const run = '20261121-063012-k3f9'
    const labels = { [RUN_LABEL]: run }
    const cluster = await Cluster.connect({ kubeconfig, context })
    await cluster.core.createNamespacedConfigMap({
      namespace: 'default',
      body: { metadata: { name: 'left', labels } },
    })
    await cluster.storage.createStorageClass({
      body: { metadata: { name: 'left-k3f9', labels }, provisioner: 'ebs.csi.aws.com' },
    })
    await using made = await makeTagged(new Aws(access), labels, zones[0]?.name ?? '')
    const { status, stderr, left } = audit('20261121')
    expect(status).toBe(4)
    expect(stderr).toContain('6 things of runs are left.')
    expect(left.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual(
      ['ConfigMap default/left', 'StorageClass left-k3f9', ...made.names].toSorted(),
    )
    expect(left.every((item) => item.run === run)).toBe(true)
    expect(audit('2027')).toMatchObject({ status: 0, left: [] })
    await cluster.core.deleteNamespacedConfigMap({ namespace: 'default', name: 'left' })
    await cluster.storage.deleteStorageClass({ name: 'left-k3f9' })
  })
})

const auditSaid = z.object({
  left: z.array(z.object({ kind: z.string(), name: z.string(), run: z.string() })),
  unseen: z.array(z.string()),
})

/** A volume, its snapshot, an ACL and a volume of a claim of the run, as the account has them. */
async function makeTagged(aws: Aws, tags: Record<string, string>, zone: string) {
  const { client, sdk } = await aws.ec2()
  const volume = async (Tags: { Key: string; Value: string }[]) => {
    const made = await client.send(
      new sdk.CreateVolumeCommand({
        AvailabilityZone: zone,
        Size: 1,
        VolumeType: 'gp2',
        TagSpecifications: [{ ResourceType: 'volume', Tags }],
      }),
    )
    return made.VolumeId ?? ''
  }
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  const own = await volume(Tags)
  const claimed = await volume([
    {
      Key: 'kubernetes.io/created-for/pvc/namespace',
      Value: `zonefall-${tags[RUN_LABEL]}-1-clients`,
    },
  ])
  const strange = await volume([
    { Key: 'kubernetes.io/created-for/pvc/namespace', Value: 'somebody' },
  ])
  await sdk.waitUntilVolumeAvailable(
    { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
    { VolumeIds: [own, claimed, strange] },
  )
  const { SnapshotId: snapshot = '' } = await client.send(
    new sdk.CreateSnapshotCommand({
      VolumeId: own,
      TagSpecifications: [{ ResourceType: 'snapshot', Tags }],
    }),
  )
  const { NetworkAcl } = await client.send(
    new sdk.CreateNetworkAclCommand({
      VpcId: await vpcOf(aws),
      TagSpecifications: [{ ResourceType: 'network-acl', Tags }],
    }),
  )
  const acl = NetworkAcl?.NetworkAclId ?? ''
  return {
    names: [`volume ${own}`, `volume ${claimed}`, `snapshot ${snapshot}`, `network ACL ${acl}`],
    [Symbol.asyncDispose]: async () => {
      await client.send(new sdk.DeleteNetworkAclCommand({ NetworkAclId: acl }))
      await client.send(new sdk.DeleteSnapshotCommand({ SnapshotId: snapshot }))
      for (const VolumeId of [own, claimed, strange]) {
        await client.send(new sdk.DeleteVolumeCommand({ VolumeId }))
      }
      await aws.close()
    },
  }
}

async function vpcOf(aws: Aws): Promise<string> {
  const [instance] = await (await aws.ec2()).listInstances()
  return instance?.VpcId ?? ''
}
