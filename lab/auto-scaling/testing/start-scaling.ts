import {
  AutoScalingClient,
  AutoScalingServiceException,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  type Activity,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling'
import type { Ec2Options } from '../../ec2/create-ec2.ts'
import { type Ec2UnderTest, startEc2, ZONES } from '../../ec2/testing/start-ec2.ts'
import { type AutoScaling, createAutoScaling } from '../create-auto-scaling.ts'
import type { GroupOptions } from '../create-group.ts'

/** Longer than the group takes for anything that nothing holds up. */
export const ALL_OVER_MS = 60_000

export interface ScalingUnderTest extends AsyncDisposable {
  readonly test: Ec2UnderTest
  readonly scaling: AutoScaling
  /** The real SDK, over HTTP; it never retries. */
  readonly client: AutoScalingClient
  readonly groupName: string
  /** The group as the API describes it. */
  readonly group: () => Promise<AutoScalingGroup>
  /** Its activities, the newest first. */
  readonly activities: () => Promise<readonly Activity[]>
}

export const groupOptions = (options: Partial<GroupOptions> = {}): GroupOptions => ({
  namePrefix: 'eks-nodes-',
  zones: ZONES.map(({ name, subnetId }) => ({ name, subnetId })),
  launch: { imageId: 'ami-1', instanceType: 't3.medium' },
  tags: { 'eks:nodegroup-name': 'nodes' },
  min: 1,
  max: 6,
  desired: 3,
  ...options,
})

/** A group of three in service, over an in-memory EC2 whose clock stands still. */
export async function startScaling(
  options: Partial<GroupOptions> = {},
  ec2Options: Partial<Ec2Options> = {},
): Promise<ScalingUnderTest> {
  const test = await startEc2(ec2Options)
  const { ec2, clock, url } = test
  const scaling = createAutoScaling({
    region: 'us-east-1',
    accountId: '123456789012',
    ec2,
    seed: 'test',
    clock,
  })
  ec2.addService(scaling.service)
  const groupName = scaling.createGroup(groupOptions(options))
  await clock.advance(ALL_OVER_MS)
  const client = new AutoScalingClient({
    region: 'us-east-1',
    endpoint: url,
    credentials: { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
  return {
    test,
    scaling,
    client,
    groupName,
    async group() {
      const { AutoScalingGroups } = await client.send(new DescribeAutoScalingGroupsCommand({}))
      const [group] = AutoScalingGroups ?? []
      if (group === undefined) throw new Error('There is no group.')
      return group
    },
    async activities() {
      const all = await client.send(new DescribeScalingActivitiesCommand({}))
      return all.Activities ?? []
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
      await scaling.close()
      await test[Symbol.asyncDispose]()
    },
  }
}

/** `Code: message` of the error that a call of the SDK fails with. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof AutoScalingServiceException)) throw error
    return `${error.name}: ${error.message}`
  }
  throw new Error('The call should have failed, and did not.')
}
