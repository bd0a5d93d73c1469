import {
  type AutoScalingClient,
  DescribeScalingActivitiesCommand,
  type Instance,
  ResumeProcessesCommand,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling'
import {
  DescribeInstancesCommand,
  type EC2Client,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { CoreV1Api, KubeConfig, StorageV1Api, type V1Node } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../std/until.ts'
import {
  autoScalingClient,
  ec2Client,
  labCommand,
  labUp,
  nodeGroup,
} from '../testing/lab-under-test.ts'

const NAME = 'test-scaling'
const IMAGE = 'gcr.io/google-samples/cassandra:v11'
/** The kubelet's silence, the cloud controller's next look, and a boot on a busy machine. */
const BUDGET = { timeoutMs: 180_000, intervalMs: 250 }

let ec2: EC2Client
let scaling: AutoScalingClient
let core: CoreV1Api
let storage: StorageV1Api
let groupName: string

beforeAll(async () => {
  await labCommand(NAME, 'down')
  const access = await labUp(NAME, '--timers', 'short')
  ec2 = ec2Client(access)
  scaling = autoScalingClient(access)
  groupName = (await nodeGroup(scaling)).AutoScalingGroupName ?? ''
  const config = new KubeConfig()
  config.loadFromFile(access.kubeconfig)
  core = config.makeApiClient(CoreV1Api)
  storage = config.makeApiClient(StorageV1Api)
  await storage.createStorageClass({
    body: {
      metadata: { name: 'disks' },
      provisioner: 'ebs.csi.aws.com',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
  })
}, 1_800_000)

afterAll(async () => {
  ec2.destroy()
  scaling.destroy()
  await labCommand(NAME, 'down')
}, 60_000)

it('begins with the nodes in service', async () => {
  const { AutoScalingGroupName, DesiredCapacity, Instances = [] } = await nodeGroup(scaling)
  expect(AutoScalingGroupName).toMatch(/^eks-zonefall-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(DesiredCapacity).toBe(3)
  const nodes = await core.listNode()
  expect(Instances.map(providerIdOf).toSorted()).toEqual(
    nodes.items.map(({ spec }) => spec?.providerID ?? '').toSorted(),
  )
  const status = await labCommand(NAME, 'status')
  expect(status).toMatchObject({ code: 0, stderr: '' })
  expect(status.stdout).toContain(`${groupName}  3 of 3 in service`)
})

it(
  'replaces a terminated instance by a node that takes its volumes',
  { timeout: 600_000 },
  async () => {
    const zone = 'us-east-1b'
    const lost = await memberIn(zone)
    const volume = 'data'
    await core.createNamespacedPersistentVolumeClaim({
      namespace: 'default',
      body: {
        metadata: { name: volume },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'disks',
          resources: { requests: { storage: '1Gi' } },
        },
      },
    })
    const first = await runPod('writer', zone, 'echo kept > /data/file && sync -f /data/file')
    expect(first.node).toBe(nameOf(await nodeOf(lost)))

    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [lost.InstanceId ?? ''] }))
    const added = await until('the replacement’s node', BUDGET, async () => {
      const member = await memberIn(zone)
      const node = await nodeOf(member)
      return member.InstanceId !== lost.InstanceId && isReady(node) ? node : undefined
    })
    expect(added?.metadata?.labels?.['topology.kubernetes.io/zone']).toBe(zone)
    await until('the end of the lost node', BUDGET, async () =>
      (await nodeOf(lost)) === undefined ? true : undefined,
    )
    const { Activities = [] } = await scaling.send(new DescribeScalingActivitiesCommand({}))
    const causes = Activities.slice(0, 2).map(({ Cause }) => Cause)
    expect(causes[0]).toContain('an unhealthy instance needing to be replaced')
    expect(causes[1]).toContain('an EC2 health check indicating it has been terminated or stopped')

    const second = await runPod('reader', zone, 'cp /data/file /dev/termination-log')
    expect(second).toEqual({ node: nameOf(added), words: 'kept\n' })
    expect(second.node).not.toBe(first.node)
  },
)

it('replaces a stopped instance, unless that is suspended', { timeout: 300_000 }, async () => {
  const zone = 'us-east-1c'
  const { InstanceId: id = '' } = await memberIn(zone)
  const processes = {
    AutoScalingGroupName: groupName,
    ScalingProcesses: ['ReplaceUnhealthy', 'AZRebalance'],
  }
  await scaling.send(new SuspendProcessesCommand(processes))
  await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }))
  await until('the health check', BUDGET, async () =>
    (await memberIn(zone)).HealthStatus === 'Unhealthy' ? true : undefined,
  )
  await until('its end', BUDGET, async () => ((await stateOf(id)) === 'stopped' ? true : undefined))
  // What is replaced is so in the look that finds it unhealthy.
  expect(await memberIn(zone)).toMatchObject({ InstanceId: id, LifecycleState: 'InService' })
  expect((await labCommand(NAME, 'status')).stdout).toContain(
    'in service, suspended: ReplaceUnhealthy AZRebalance',
  )

  await scaling.send(new ResumeProcessesCommand(processes))
  await until('the replacement', BUDGET, async () => {
    const member = await memberIn(zone).catch(() => undefined)
    const isIn = member?.InstanceId !== id && member?.LifecycleState === 'InService'
    return isIn ? true : undefined
  })
  await until('its end', BUDGET, async () =>
    (await stateOf(id)) === 'terminated' ? true : undefined,
  )
})

const nameOf = (node: V1Node | undefined) => node?.metadata?.name
const isReady = (node: V1Node | undefined) =>
  node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ===
  true
const providerIdOf = ({ AvailabilityZone, InstanceId }: Instance) =>
  `aws:///${AvailabilityZone}/${InstanceId}`

/** The newest of the group's instances in a zone. */
async function memberIn(zone: string): Promise<Instance> {
  const { Instances = [] } = await nodeGroup(scaling)
  const member = Instances.findLast(({ AvailabilityZone }) => AvailabilityZone === zone)
  if (member === undefined) throw new Error(`the group has no instance in ${zone}`)
  return member
}

async function nodeOf(member: Instance): Promise<V1Node | undefined> {
  const { items } = await core.listNode()
  return items.find(({ spec }) => spec?.providerID === providerIdOf(member))
}

async function stateOf(id: string): Promise<string | undefined> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))
  return Reservations?.[0]?.Instances?.[0]?.State?.Name
}

/** Runs a pod with the volume to its end and deletes it, so that the volume is free again. */
async function runPod(name: string, zone: string, script: string) {
  const namespace = 'default'
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name },
      spec: {
        restartPolicy: 'Never',
        nodeSelector: { 'topology.kubernetes.io/zone': zone },
        containers: [
          {
            name: 'main',
            image: IMAGE,
            command: ['sh', '-ec', script],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
          },
        ],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
      },
    },
  })
  const { spec, status } = await until(`the end of the pod ${name}`, BUDGET, async () => {
    const pod = await core.readNamespacedPod({ name, namespace })
    return pod.status?.phase === 'Succeeded' ? pod : undefined
  })
  await core.deleteNamespacedPod({ name, namespace })
  await until(`the release of its volume`, BUDGET, async () =>
    (await storage.listVolumeAttachment()).items.length === 0 ? true : undefined,
  )
  return { node: spec?.nodeName, words: status?.containerStatuses?.[0]?.state?.terminated?.message }
}
