import {
  StopInstancesCommand,
  StartInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import {
  ResumeProcessesCommand,
  SetDesiredCapacityCommand,
  SetInstanceHealthCommand,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling'
import { describe, expect, it } from 'vitest'
import {
  ALL_OVER_MS,
  groupOptions,
  type ScalingUnderTest,
  startScaling,
} from './testing/start-scaling.ts'

const ALL_ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c']

async function members(under: ScalingUnderTest) {
  const { Instances = [] } = await under.group()
  return Instances.map(({ InstanceId = '', AvailabilityZone = '', ...rest }) => ({
    id: InstanceId,
    zone: AvailabilityZone,
    ...rest,
  }))
}

const zonesOf = async (under: ScalingUnderTest) =>
  (await members(under)).map(({ zone }) => zone).toSorted()

async function idIn(under: ScalingUnderTest, zone: string): Promise<string> {
  return (await members(under)).find((one) => one.zone === zone)?.id ?? ''
}

const suspend = ({ client, groupName }: ScalingUnderTest, ...ScalingProcesses: string[]) =>
  client.send(new SuspendProcessesCommand({ AutoScalingGroupName: groupName, ScalingProcesses }))
const resume = ({ client, groupName }: ScalingUnderTest, ...ScalingProcesses: string[]) =>
  client.send(new ResumeProcessesCommand({ AutoScalingGroupName: groupName, ScalingProcesses }))
const stop = ({ test }: ScalingUnderTest, id: string) =>
  test.client.send(new StopInstancesCommand({ InstanceIds: [id] }))
const terminate = ({ test }: ScalingUnderTest, id: string) =>
  test.client.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
const desire = ({ client, groupName }: ScalingUnderTest, DesiredCapacity: number) =>
  client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: groupName, DesiredCapacity }))
const stateOf = ({ test }: ScalingUnderTest, id: string) =>
  test.ec2.snapshot().instances.find(({ instanceId }) => instanceId === id)?.state

describe('a new group', () => {
  it('has an instance in each zone, which carries the tags', async () => {
    await using under = await startScaling()
    expect(await members(under)).toMatchObject(
      ALL_ZONES.map((zone) => ({ zone, LifecycleState: 'InService', HealthStatus: 'Healthy' })),
    )
    for (const { tags } of under.test.ec2.snapshot().instances) {
      expect(tags).toEqual({
        'aws:autoscaling:groupName': under.groupName,
        'eks:nodegroup-name': 'nodes',
      })
    }
    const [newest, , oldest] = await under.activities()
    expect(oldest?.Cause).toBe(
      'At 2026-01-02T03:04:05Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 3. ' +
        'At 2026-01-02T03:04:05Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 0 to 1.',
    )
    expect(newest).toMatchObject({
      StatusCode: 'Successful',
      Progress: 100,
      Details: '{"Subnet ID":"subnet-0000000000000000c","Availability Zone":"us-east-1c"}',
    })
  })

  it('is waited for', async () => {
    await using under = await startScaling()
    await under.scaling.inService(under.groupName, 1000)
    const second = under.scaling.createGroup(groupOptions({ desired: 1 }))
    const inService = under.scaling.inService(second, 60_000)
    await under.test.clock.advance(1000)
    await inService
    const empty = under.scaling.createGroup(groupOptions({ zones: [], desired: 1 }))
    await expect(under.scaling.inService(empty, 10)).rejects.toThrow(
      '0 of 1 instances were running after 10 ms.',
    )
  })

  it('whose machine will not start says why', async () => {
    await using under = await startScaling({ desired: 1 })
    under.test.backend.failNext('launch')
    await desire(under, 2)
    await under.test.clock.advance(2000)
    const [failed] = (await under.activities()).filter((one) => one.StatusCode === 'Cancelled')
    expect(failed?.StatusMessage).toBe(
      'Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Server.InternalError: Internal error on launch',
    )
    await expect(under.scaling.inService(under.groupName, 1000)).rejects.toThrow(
      'Internal error on launch',
    )
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await members(under)).toHaveLength(2)
  })
})

describe('an instance that is lost', () => {
  it.each([
    ['terminated', terminate],
    ['stopped', stop],
  ])('%s, is replaced in its zone', async (_what, lose) => {
    await using under = await startScaling()
    const id = await idIn(under, 'us-east-1b')
    await lose(under, id)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await zonesOf(under)).toEqual(ALL_ZONES)
    expect(await idIn(under, 'us-east-1b')).not.toBe(id)
    expect(stateOf(under, id)).toBe('terminated')
    const [launched, terminated] = await under.activities()
    expect(terminated).toMatchObject({ Description: `Terminating EC2 instance: ${id}` })
    expect(terminated?.Cause).toMatch(
      /^At \S+Z an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped\.$/,
    )
    expect(launched?.Cause).toMatch(
      /^At \S+Z an instance was launched in response to an unhealthy instance needing to be replaced\.$/,
    )
    expect(under.test.backend.violations).toEqual([])
  })

  it('is told by the user, but not in the first seconds', async () => {
    await using under = await startScaling()
    const id = await idIn(under, 'us-east-1a')
    const unhealthy = new SetInstanceHealthCommand({ InstanceId: id, HealthStatus: 'Unhealthy' })
    await under.client.send(unhealthy)
    await under.test.clock.advance(ALL_OVER_MS)
    const replacement = await idIn(under, 'us-east-1a')
    expect(replacement).not.toBe(id)
    expect((await under.activities())[1]?.Cause).toContain('in response to a user health-check.')
    await terminate(under, replacement)
    await under.test.clock.advance(10_000)
    const young = await idIn(under, 'us-east-1a')
    await under.client.send(
      new SetInstanceHealthCommand({ InstanceId: young, HealthStatus: 'Unhealthy' }),
    )
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await idIn(under, 'us-east-1a')).toBe(young)
  })

  it('is replaced elsewhere while its zone has no capacity, and brought back then', async () => {
    await using under = await startScaling()
    under.test.ec2.setCapacity('us-east-1b', false)
    await terminate(under, await idIn(under, 'us-east-1b'))
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await zonesOf(under)).toEqual(['us-east-1a', 'us-east-1a', 'us-east-1c'])
    const refusals = (await under.activities()).filter((one) => one.StatusCode === 'Failed')
    expect(refusals.length).toBeGreaterThan(1)
    expect(refusals.at(-1)?.Description).toMatch(
      /^Launching a new EC2 instance\. {2}Status Reason: We currently do not have sufficient t3\.medium capacity in the Availability Zone you requested \(us-east-1b\)\..* Launching EC2 instance failed\.$/,
    )
    under.test.ec2.setCapacity('us-east-1b', true)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await zonesOf(under)).toEqual(ALL_ZONES)
    const [terminated, launched] = await under.activities()
    expect(launched?.Cause).toMatch(
      /availability zones us-east-1a us-east-1c us-east-1b had 2 1 0 instances respectively\. An instance was launched to aid in balancing the group's zones\.$/,
    )
    expect(terminated?.Cause).toMatch(
      /instances were launched to balance instances in zones us-east-1a with other zones resulting in more than desired number of instances in the group\. At \S+ an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 4 to 3\. At \S+ instance i-\w+ was selected for termination\.$/,
    )
  })

  it('is waited for when no zone has capacity', async () => {
    await using under = await startScaling()
    for (const zone of ALL_ZONES) under.test.ec2.setCapacity(zone, false)
    await terminate(under, await idIn(under, 'us-east-1a'))
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await zonesOf(under)).toEqual(['us-east-1b', 'us-east-1c'])
    for (const zone of ALL_ZONES) under.test.ec2.setCapacity(zone, true)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await zonesOf(under)).toEqual(ALL_ZONES)
  })
})

describe('a suspended process', () => {
  it('HealthCheck: nothing is found unhealthy', async () => {
    await using under = await startScaling()
    await suspend(under, 'HealthCheck')
    const id = await idIn(under, 'us-east-1b')
    await stop(under, id)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await members(under)).toMatchObject(
      ALL_ZONES.map(() => ({ LifecycleState: 'InService', HealthStatus: 'Healthy' })),
    )
    expect(stateOf(under, id)).toBe('stopped')
    await resume(under, 'HealthCheck')
    await under.test.clock.advance(ALL_OVER_MS)
    expect(stateOf(under, id)).toBe('terminated')
  })

  it('ReplaceUnhealthy: what is unhealthy stays, also when it runs again, until it is set healthy', async () => {
    await using under = await startScaling()
    await suspend(under, 'ReplaceUnhealthy')
    const [id, other] = [await idIn(under, 'us-east-1a'), await idIn(under, 'us-east-1b')]
    await stop(under, id)
    await stop(under, other)
    await under.test.clock.advance(ALL_OVER_MS)
    await under.test.client.send(new StartInstancesCommand({ InstanceIds: [id, other] }))
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await members(under)).toMatchObject([
      { id, HealthStatus: 'Unhealthy' },
      { id: other, HealthStatus: 'Unhealthy' },
      { HealthStatus: 'Healthy' },
    ])
    await under.client.send(
      new SetInstanceHealthCommand({ InstanceId: id, HealthStatus: 'Healthy' }),
    )
    await resume(under, 'ReplaceUnhealthy')
    await under.test.clock.advance(ALL_OVER_MS)
    expect(stateOf(under, id)).toBe('running')
    expect(stateOf(under, other)).toBe('terminated')
  })

  it('Launch: what is unhealthy is terminated, and replaced when it is resumed', async () => {
    await using under = await startScaling()
    await suspend(under, 'Launch')
    const id = await idIn(under, 'us-east-1b')
    await stop(under, id)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(stateOf(under, id)).toBe('terminated')
    expect(await zonesOf(under)).toEqual(['us-east-1a', 'us-east-1c'])
    await resume(under, 'Launch')
    await under.test.clock.advance(2000)
    expect(await zonesOf(under)).toEqual(ALL_ZONES)
    expect((await under.activities())[0]?.Cause).toContain('an unhealthy instance needing')
  })

  it('Terminate: what is unhealthy is marked and stays, and nothing is scaled in', async () => {
    await using under = await startScaling()
    await suspend(under, 'Terminate')
    const id = await idIn(under, 'us-east-1b')
    await stop(under, id)
    await desire(under, 2)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(stateOf(under, id)).toBe('stopped')
    expect(await members(under)).toHaveLength(3)
    await resume(under, 'Terminate')
    await under.test.clock.advance(2000)
    expect(stateOf(under, id)).toBe('terminated')
    expect(await zonesOf(under)).toEqual(['us-east-1a', 'us-east-1c'])
  })

  it('AZRebalance: what is uneven stays so', async () => {
    await using under = await startScaling()
    await suspend(under, 'AZRebalance')
    under.test.ec2.setCapacity('us-east-1c', false)
    await terminate(under, await idIn(under, 'us-east-1c'))
    await under.test.clock.advance(ALL_OVER_MS)
    under.test.ec2.setCapacity('us-east-1c', true)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await zonesOf(under)).toEqual(['us-east-1a', 'us-east-1a', 'us-east-1b'])
    await resume(under, 'AZRebalance')
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await zonesOf(under)).toEqual(ALL_ZONES)
  })

  it('all of them, when none is named', async () => {
    await using under = await startScaling()
    await suspend(under)
    const { SuspendedProcesses = [] } = await under.group()
    expect(SuspendedProcesses).toHaveLength(9)
    expect(SuspendedProcesses[0]).toEqual({
      ProcessName: 'Launch',
      SuspensionReason: 'User suspended at 2026-01-02T03:05:05Z',
    })
    await terminate(under, await idIn(under, 'us-east-1a'))
    await under.test.clock.advance(ALL_OVER_MS)
    expect(under.test.ec2.snapshot().instances).toHaveLength(3)
    await resume(under)
    expect((await under.group()).SuspendedProcesses).toEqual([])
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await zonesOf(under)).toEqual(ALL_ZONES)
  })
})

describe('the end', () => {
  it('stops everything', async () => {
    await using under = await startScaling()
    await under.scaling.close()
    await terminate(under, await idIn(under, 'us-east-1a'))
    await under.test.clock.advance(ALL_OVER_MS)
    expect(under.test.ec2.snapshot().instances).toHaveLength(3)
  })
})
