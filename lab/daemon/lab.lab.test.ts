import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  waitUntilInstanceRunning,
  waitUntilInstanceStopped,
  waitUntilVolumeAvailable,
  waitUntilVolumeInUse,
} from '@aws-sdk/client-ec2'
import { SuspendProcessesCommand } from '@aws-sdk/client-auto-scaling'
import type { LabAccess } from '../cli/up.ts'
import { cgroupsNamed } from '../machine/cgroups.ts'
import { labPaths } from '../std/paths.ts'
import { until } from '../std/until.ts'
import { hostState, loopsBelow, processesMentioning } from '../testing/host-state.ts'
import {
  autoScalingClient,
  ec2Client,
  labCommand,
  labUp,
  nodeGroup,
  onMachine,
  spawnTiedLab,
} from '../testing/lab-under-test.ts'
import { liveDaemon } from './remains.ts'

const NAME = 'test-one'
const OTHER = 'test-two'
const paths = labPaths(NAME)
let before: Awaited<ReturnType<typeof hostState>>
let access: LabAccess

beforeAll(async () => {
  for (const name of [NAME, OTHER]) await labCommand(name, 'down')
  before = await hostState()
  access = await labUp(NAME)
  // What is stopped here is started again here, and not to be replaced meanwhile.
  const scaling = autoScalingClient(access)
  const { AutoScalingGroupName } = await nodeGroup(scaling)
  await scaling.send(new SuspendProcessesCommand({ AutoScalingGroupName }))
}, 1_800_000)

afterAll(async () => {
  for (const name of [NAME, OTHER]) await labCommand(name, 'down')
}, 60_000)

describe('a lab that is up', () => {
  it('leaves the host as it is', async () => {
    expect(await hostState()).toEqual(before)
  })

  it('is found up by a second `up`', async () => {
    expect(await labUp(NAME)).toEqual({ ...access, reused: true })
    const refused = await labCommand(NAME, 'up', '--timers', 'short')
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('timers eks') })
  })

  it('shares the host with another lab, and each goes alone', { timeout: 120_000 }, async () => {
    const other = await labUp(OTHER, '--zones', '2', '--timers', 'short')
    expect(other.differences.at(-1)).toContain('--timers short')
    const nodesOf = async (lab: LabAccess) => {
      const { Reservations = [] } = await ec2Client(lab).send(new DescribeInstancesCommand({}))
      return Reservations.flatMap(({ Instances = [] }) => Instances).map((i) => i.InstanceId)
    }
    const [mine, others] = await Promise.all([nodesOf(access), nodesOf(other)])
    expect(mine).toHaveLength(3)
    expect(others).toHaveLength(2)
    expect((await labCommand(OTHER, 'down')).code).toBe(0)
    expect(await processesMentioning(labPaths(OTHER).root)).toEqual([])
    expect(await cgroupsNamed(labPaths(OTHER).cgroupPrefix)).toEqual([])
    expect((await labCommand(NAME, 'status')).code).toBe(0)
  })
})

describe('a power cut', () => {
  it('keeps what was synced and loses what was not', { timeout: 120_000 }, async () => {
    const ec2 = ec2Client(access)
    const { Reservations: [reservation] = [] } = await ec2.send(
      new DescribeInstancesCommand({
        Filters: [{ Name: 'availability-zone', Values: ['us-east-1b'] }],
      }),
    )
    const { InstanceId = '', PrivateDnsName: node = '' } = reservation?.Instances?.[0] ?? {}
    const wait = { client: ec2, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1b', Size: 1, VolumeType: 'gp2' }),
    )
    await waitUntilVolumeAvailable(wait, { VolumeIds: [VolumeId] })
    await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device: '/dev/xvdba' }))
    await waitUntilVolumeInUse(wait, { VolumeIds: [VolumeId] })
    await until('the device', { timeoutMs: 10_000 }, async () =>
      (await onMachine(NAME, node, 'ls /dev')).includes('xvdba') ? true : undefined,
    )
    await onMachine(
      NAME,
      node,
      'mkfs.ext4 -qF /dev/xvdba && mkdir -p /mnt/disk && mount /dev/xvdba /mnt/disk && ' +
        'echo kept > /mnt/disk/synced && sync -f /mnt/disk && echo lost > /mnt/disk/unsynced',
    )

    await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId], SkipOsShutdown: true }))
    await waitUntilInstanceStopped(wait, { InstanceIds: [InstanceId] })
    await ec2.send(new StartInstancesCommand({ InstanceIds: [InstanceId] }))
    await waitUntilInstanceRunning(wait, { InstanceIds: [InstanceId] })

    const found = await onMachine(
      NAME,
      node,
      'mount /dev/xvdba /mnt/disk && ls /mnt/disk && cat /mnt/disk/synced && umount /mnt/disk',
    )
    expect(found.split('\n')).toEqual(['lost+found', 'synced', 'kept', ''])
  })

  it('is not what an orderly stop does', { timeout: 120_000 }, async () => {
    const ec2 = ec2Client(access)
    const { Reservations: [reservation] = [] } = await ec2.send(
      new DescribeInstancesCommand({
        Filters: [{ Name: 'availability-zone', Values: ['us-east-1b'] }],
      }),
    )
    const { InstanceId = '', PrivateDnsName: node = '' } = reservation?.Instances?.[0] ?? {}
    const wait = { client: ec2, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }
    await onMachine(NAME, node, 'mount /dev/xvdba /mnt/disk && echo kept > /mnt/disk/unsynced')
    await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }))
    await waitUntilInstanceStopped(wait, { InstanceIds: [InstanceId] })
    await ec2.send(new StartInstancesCommand({ InstanceIds: [InstanceId] }))
    await waitUntilInstanceRunning(wait, { InstanceIds: [InstanceId] })
    expect(
      await onMachine(NAME, node, 'mount /dev/xvdba /mnt/disk && cat /mnt/disk/unsynced'),
    ).toBe('kept\n')
  })
})

describe('a lab that is hurt', () => {
  it('says which part died, and where its log is', { timeout: 30_000 }, async () => {
    const [scheduler] = await processesMentioning(`${paths.pki}/scheduler.kubeconfig`)
    process.kill(scheduler ?? 0, 'SIGKILL')
    await until('the news', { timeoutMs: 5_000 }, async () =>
      (await labCommand(NAME, 'status')).code === 5 ? true : undefined,
    )
    const { stderr } = await labCommand(NAME, 'status')
    expect(stderr).toMatch(/kube-scheduler of the lab ended by itself \(SIGKILL\)/)
    expect(stderr).toContain('kube-scheduler.log')
  })

  it('leaves nothing behind when its daemon is killed', { timeout: 60_000 }, async () => {
    const daemon = await liveDaemon(paths)
    process.kill(daemon?.pid ?? 0, 'SIGKILL')
    await until('the end of its processes', { timeoutMs: 10_000 }, async () => {
      const left = await processesMentioning(paths.root)
      return left.length === 0 ? true : undefined
    })
    await until('the end of its loop devices', { timeoutMs: 10_000 }, async () =>
      (await loopsBelow(paths.root)).length === 0 ? true : undefined,
    )
    expect(await hostState()).toEqual(before)
    expect((await labCommand(NAME, 'down')).stdout).toBe('The lab was not up.\n')
    expect(await cgroupsNamed(paths.cgroupPrefix)).toEqual([])
    expect(await readFile(`${paths.logs}/kube-apiserver.log`, 'utf8')).not.toBe('')
  })

  it('goes when what it is tied to goes', { timeout: 120_000 }, async () => {
    const tied = spawnTiedLab(NAME)
    await once(tied.stdout!, 'data')
    expect(await liveDaemon(paths)).toBeDefined()
    tied.stdin!.end()
    await until('the end of the lab', { timeoutMs: 10_000 }, async () =>
      (await liveDaemon(paths)) === undefined ? true : undefined,
    )
    expect(await processesMentioning(paths.root)).toEqual([])
  })
})
