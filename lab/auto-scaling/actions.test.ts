import {
  AttachInstancesCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeScalingActivitiesCommand,
  DetachInstancesCommand,
  ResourceContentionFault,
  ScalingActivityInProgressFault,
  SetDesiredCapacityCommand,
  SetInstanceHealthCommand,
  SuspendProcessesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import { describe, expect, it } from 'vitest'
import {
  ALL_OVER_MS,
  refusalOf,
  type ScalingUnderTest,
  startScaling,
} from './testing/start-scaling.ts'

const VOID_ID = 'i-0123456789abcdef0'

const idsOf = async (under: ScalingUnderTest): Promise<string[]> =>
  ((await under.group()).Instances ?? []).map(({ InstanceId }) => InstanceId ?? '')
const named = (under: ScalingUnderTest) => ({ AutoScalingGroupName: under.groupName })
const tagsOf = ({ test }: ScalingUnderTest, id: string) =>
  test.ec2.snapshot().instances.find(({ instanceId }) => instanceId === id)?.tags

const terminate = ({ client }: ScalingUnderTest, id: string, decrement: boolean) =>
  client.send(
    new TerminateInstanceInAutoScalingGroupCommand({
      InstanceId: id,
      ShouldDecrementDesiredCapacity: decrement,
    }),
  )
const desire = (under: ScalingUnderTest, DesiredCapacity: number, HonorCooldown = false) =>
  under.client.send(
    new SetDesiredCapacityCommand({ ...named(under), DesiredCapacity, HonorCooldown }),
  )
const update = (under: ScalingUnderTest, sizes: Record<string, number>) =>
  under.client.send(new UpdateAutoScalingGroupCommand({ ...named(under), ...sizes }))
const detach = (under: ScalingUnderTest, id: string, decrement: boolean) =>
  under.client.send(
    new DetachInstancesCommand({
      ...named(under),
      InstanceIds: [id],
      ShouldDecrementDesiredCapacity: decrement,
    }),
  )
const attach = (under: ScalingUnderTest, ...InstanceIds: string[]) =>
  under.client.send(new AttachInstancesCommand({ ...named(under), InstanceIds }))
const health = ({ client }: ScalingUnderTest, InstanceId: string, HealthStatus: string) =>
  client.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus }))

describe('the wire', () => {
  it('has the shapes of Auto Scaling, beside EC2', async () => {
    await using under = await startScaling()
    const ask = async (body: string) => {
      const scope = 'Credential=AKIDTEST/20260102/us-east-1/autoscaling/aws4_request'
      const headers = {
        authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`,
      }
      const response = await fetch(under.test.url, { method: 'POST', body, headers })
      return `${response.status} ${await response.text()}`
    }
    const version = 'Version=2011-01-01'
    const name = `AutoScalingGroupName=${under.groupName}`
    expect(await ask(`Action=SuspendProcesses&${version}&${name}`)).toMatch(
      /^200 <\?xml .*\?>\n<SuspendProcessesResponse xmlns="http:\/\/autoscaling\.amazonaws\.com\/doc\/2011-01-01\/"><ResponseMetadata><RequestId>[0-9a-f-]{36}<\/RequestId><\/ResponseMetadata><\/SuspendProcessesResponse>$/,
    )
    expect(await ask(`Action=DescribeAutoScalingInstances&${version}`)).toMatch(
      /<DescribeAutoScalingInstancesResult><AutoScalingInstances><member><AutoScalingGroupName>/,
    )
    expect(await ask(`Action=SuspendProcesses&${version}&AutoScalingGroupName=none`)).toMatch(
      /^400 <\?xml .*\?>\n<ErrorResponse xmlns="http:\/\/autoscaling\.amazonaws\.com\/doc\/2011-01-01\/"><Error><Type>Sender<\/Type><Code>ValidationError<\/Code><Message>AutoScalingGroup name not found - AutoScalingGroup none not found<\/Message><\/Error><RequestId>[0-9a-f-]{36}<\/RequestId><\/ErrorResponse>$/,
    )
    for (const [body, words] of [
      [`Action=Frobnicate&${version}`, 'InvalidAction'],
      [`Action=DescribeAutoScalingGroups&Version=2016-11-15`, 'InvalidAction'],
      [`Action=SuspendProcesses&${version}`, 'ValidationError'],
      [`Action=SuspendProcesses&${version}&${name}&DryRun=true`, 'InvalidQueryParameter'],
      [
        `Action=SuspendProcesses&${version}&${name}&ScalingProcesses.1=Launch`,
        'InvalidQueryParameter',
      ],
      [`Action=SuspendProcesses&${version}&${name}&ScalingProcesses.member.1=X`, 'ValidationError'],
      [`Action=SetDesiredCapacity&${version}&${name}&DesiredCapacity=-1`, 'ValidationError'],
    ] as const) {
      expect(await ask(body)).toContain(`<Code>${words}</Code>`)
    }
  })
})

describe('descriptions', () => {
  it('show the group as EKS has made it', async () => {
    await using under = await startScaling()
    expect(await under.group()).toMatchObject({
      AutoScalingGroupName: expect.stringMatching(/^eks-nodes-[0-9a-f-]{36}$/),
      AutoScalingGroupARN: `arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:${(await under.group()).AutoScalingGroupARN?.split(':')[6]}:autoScalingGroupName/${under.groupName}`,
      MinSize: 1,
      MaxSize: 6,
      DesiredCapacity: 3,
      AvailabilityZones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
      VPCZoneIdentifier:
        'subnet-0000000000000000a,subnet-0000000000000000b,subnet-0000000000000000c',
      HealthCheckType: 'EC2',
      SuspendedProcesses: [],
      CreatedTime: new Date('2026-01-02T03:04:05.678Z'),
      Tags: [{ Key: 'eks:nodegroup-name', Value: 'nodes', PropagateAtLaunch: true }],
    })
  })

  it.each([
    ['tag:eks:nodegroup-name', 'nodes', 1],
    ['tag:eks:nodegroup-name', 'other', 0],
    ['tag-key', 'eks:nodegroup-name', 1],
    ['tag-value', 'nodes', 1],
    ['tag-value', 'n*', 0],
  ])('filter groups by %s=%s', async (name, value, count) => {
    await using under = await startScaling()
    const filters = { Filters: [{ Name: name, Values: [value] }] }
    const found = await under.client.send(new DescribeAutoScalingGroupsCommand(filters))
    expect(found.AutoScalingGroups).toHaveLength(count)
  })

  it('take names, and no filter that there isn’t', async () => {
    await using under = await startScaling()
    const none = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['none'] })
    expect((await under.client.send(none)).AutoScalingGroups).toEqual([])
    const wrong = new DescribeAutoScalingGroupsCommand({ Filters: [{ Name: 'x', Values: ['y'] }] })
    expect(await refusalOf(under.client.send(wrong))).toBe(
      'ValidationError: Filter type x is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>',
    )
  })

  it('show an instance’s group, page by page', async () => {
    await using under = await startScaling()
    const [id = ''] = await idsOf(under)
    const one = await under.client.send(
      new DescribeAutoScalingInstancesCommand({ InstanceIds: [id, VOID_ID] }),
    )
    expect(one.AutoScalingInstances).toEqual([
      {
        InstanceId: id,
        InstanceType: 't3.medium',
        AutoScalingGroupName: under.groupName,
        AvailabilityZone: 'us-east-1a',
        LifecycleState: 'InService',
        HealthStatus: 'HEALTHY',
        ProtectedFromScaleIn: false,
      },
    ])
    const page = new DescribeAutoScalingInstancesCommand({ MaxRecords: 2 })
    const { AutoScalingInstances: first, NextToken } = await under.client.send(page)
    const { AutoScalingInstances: rest } = await under.client.send(
      new DescribeAutoScalingInstancesCommand({ MaxRecords: 2, NextToken }),
    )
    const seen = [...(first ?? []), ...(rest ?? [])].map(({ InstanceId = '' }) => InstanceId)
    expect(seen.toSorted()).toEqual((await idsOf(under)).toSorted())
    const large = new DescribeAutoScalingInstancesCommand({ MaxRecords: 51 })
    expect(await refusalOf(under.client.send(large))).toContain('ValidationError')
  })

  it('show the newest activities first', async () => {
    await using under = await startScaling()
    await desire(under, 4)
    const ask = (input: object) =>
      under.client.send(new DescribeScalingActivitiesCommand({ ...named(under), ...input }))
    await under.test.clock.advance(600)
    const { Activities: [newest] = [] } = await ask({ MaxRecords: 1 })
    expect(newest).toMatchObject({ StatusCode: 'InProgress', Progress: 50 })
    expect(newest?.EndTime).toBeUndefined()
    expect(newest?.Cause).toMatch(
      /^At \S+Z a user request explicitly set group desired capacity changing the desired capacity from 3 to 4\. At \S+Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 3 to 4\.$/,
    )
    await under.test.clock.advance(ALL_OVER_MS)
    const again = await ask({ ActivityIds: [newest?.ActivityId] })
    expect(again.Activities).toMatchObject([{ StatusCode: 'Successful', Progress: 100 }])
    const none = new DescribeScalingActivitiesCommand({ AutoScalingGroupName: 'none' })
    expect(await refusalOf(under.client.send(none))).toContain('AutoScalingGroup none not found')
  })
})

describe('the desired capacity', () => {
  it('is kept to, between its bounds', async () => {
    await using under = await startScaling()
    expect(await refusalOf(desire(under, 7))).toBe(
      'ValidationError: New SetDesiredCapacity value 7 is above max value 6 for the AutoScalingGroup.',
    )
    expect(await refusalOf(desire(under, 0))).toBe(
      'ValidationError: New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.',
    )
    const [oldest] = await idsOf(under)
    await desire(under, 5)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await idsOf(under)).toHaveLength(5)
    await desire(under, 2)
    await under.test.clock.advance(ALL_OVER_MS)
    const left = await idsOf(under)
    expect(left).toHaveLength(2)
    expect(left).not.toContain(oldest)
  })

  it('waits for what is going on, and for the cooldown, if that is asked for', async () => {
    await using under = await startScaling()
    await under.test.clock.advance(300_000)
    await desire(under, 4, true)
    await under.test.clock.advance(600)
    const refusal = await refusalOf(desire(under, 5, true))
    expect(refusal).toMatch(
      /^ScalingActivityInProgressFault: Scaling activity [0-9a-f-]{36} is in progress and blocks this action$/,
    )
    await desire(under, 5)
    await under.test.clock.advance(ALL_OVER_MS)
    await expect(desire(under, 4, true)).rejects.toBeInstanceOf(ScalingActivityInProgressFault)
    await under.test.clock.advance(300_000)
    await desire(under, 4, true)
  })

  it('follows its bounds', async () => {
    await using under = await startScaling()
    expect(await refusalOf(update(under, { MinSize: 4, MaxSize: 3 }))).toBe(
      'ValidationError: Max bound, 3, must be greater than or equal to min bound, 4',
    )
    expect(await refusalOf(update(under, { MaxSize: 3, DesiredCapacity: 4 }))).toBe(
      'ValidationError: Desired capacity:4 must be between the specified min size:1 and max size:3',
    )
    await update(under, { MinSize: 4 })
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await idsOf(under)).toHaveLength(4)
    await update(under, { MinSize: 1, MaxSize: 2 })
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await idsOf(under)).toHaveLength(2)
    expect(await under.group()).toMatchObject({ MinSize: 1, MaxSize: 2, DesiredCapacity: 2 })
  })
})

describe('TerminateInstanceInAutoScalingGroup', () => {
  it('replaces the instance, also while Terminate is suspended', async () => {
    await using under = await startScaling()
    const suspend = { ...named(under), ScalingProcesses: ['Terminate'] }
    await under.client.send(new SuspendProcessesCommand(suspend))
    const [id = ''] = await idsOf(under)
    const { Activity } = await terminate(under, id, false)
    expect(Activity).toMatchObject({
      Description: `Terminating EC2 instance: ${id}`,
      StatusCode: 'InProgress',
    })
    expect(Activity?.Cause).toMatch(
      new RegExp(
        `^At \\S+Z instance ${id} was taken out of service in response to a user request\\.$`,
      ),
    )
    await expect(terminate(under, id, false)).rejects.toBeInstanceOf(ScalingActivityInProgressFault)
    expect(await refusalOf(health(under, id, 'Healthy'))).toContain('is Terminating')
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await idsOf(under)).toHaveLength(3)
    expect(await idsOf(under)).not.toContain(id)
  })

  it('makes the group smaller, down to its minimum', async () => {
    await using under = await startScaling({ min: 2 })
    const [first = '', second = ''] = await idsOf(under)
    const { Activity } = await terminate(under, first, true)
    expect(Activity?.Cause).toContain('to a user request, shrinking the capacity from 3 to 2.')
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await idsOf(under)).toHaveLength(2)
    expect(await refusalOf(terminate(under, second, true))).toContain(
      'ValidationError: Currently, desiredSize equals minSize (2).',
    )
    expect(await refusalOf(terminate(under, VOID_ID, false))).toBe(
      `ValidationError: Instance Id not found - No managed instance found for instance ID: ${VOID_ID}`,
    )
  })
})

describe('membership', () => {
  it('ends with a detachment, and the group replaces what it lost', async () => {
    await using under = await startScaling()
    const [id = ''] = await idsOf(under)
    const { Activities } = await detach(under, id, false)
    expect(Activities?.[0]?.Cause).toMatch(/instance i-\w+ was detached in response to a user req/)
    await expect(terminate(under, id, false)).rejects.toBeInstanceOf(ResourceContentionFault)
    await expect(detach(under, id, false)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 500 },
    })
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await idsOf(under)).not.toContain(id)
    expect(await idsOf(under)).toHaveLength(3)
    expect(tagsOf(under, id)).toEqual({ 'eks:nodegroup-name': 'nodes' })
    expect(await refusalOf(detach(under, id, false))).toBe(
      `ValidationError: The instance ${id} is not part of Auto Scaling group ${under.groupName}.`,
    )

    await attach(under, id)
    await under.test.clock.advance(ALL_OVER_MS)
    expect(await idsOf(under)).toContain(id)
    expect((await under.group()).DesiredCapacity).toBe(4)
    expect(tagsOf(under, id)).toMatchObject({ 'aws:autoscaling:groupName': under.groupName })
    expect(await refusalOf(attach(under, id))).toContain('is already part of AutoScalingGroup:')
  })

  it('keeps to the group’s bounds, and to instances that run', async () => {
    await using under = await startScaling({ min: 3, max: 3 })
    const [id = ''] = await idsOf(under)
    expect(await refusalOf(detach(under, id, true))).toBe(
      `ValidationError: AutoScalingGroup ${under.groupName} has min-size=3, max-size=3, and desired-size=3. To detach 1 instance, please update the AutoScalingGroup sizes appropriately.`,
    )
    const { ec2, clock } = under.test
    const request = { imageId: 'ami-1', instanceType: 't3.medium', zone: 'us-east-1a' }
    const [added = { instanceId: '' }] = ec2.runInstances(request)
    expect(await refusalOf(attach(under, added.instanceId))).toContain("must be in 'running' state")
    await clock.advance(ALL_OVER_MS)
    expect(await refusalOf(attach(under, added.instanceId))).toContain('To attach 1 instance,')
    expect(await refusalOf(attach(under, VOID_ID))).toBe(
      `ValidationError: Invalid Instance ID(s): [${VOID_ID}] specified`,
    )
    await update(under, { MaxSize: 4, MinSize: 2 })
    await detach(under, id, true)
    await clock.advance(ALL_OVER_MS)
    expect(await under.group()).toMatchObject({ DesiredCapacity: 2 })
  })
})
