import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  SetInstanceHealthCommand,
  SuspendProcessesCommand,
} from '@aws-sdk/client-auto-scaling'
import { expect, it } from 'vitest'
import { refusalOf, startScaling } from '../auto-scaling/testing/start-scaling.ts'
import { createAuthorize } from './authorize.ts'
import { parsePolicy } from './policy.ts'

const GROUPS = 'arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*'

it('a group is changed by whom its tags allow it, and so is what belongs to it', async () => {
  const asTagged = (value: string) =>
    createAuthorize(
      new Map([
        [
          'AKIDTEST',
          [
            parsePolicy(
              JSON.stringify({
                Version: '2012-10-17',
                Statement: {
                  Effect: 'Allow',
                  Action: 'autoscaling:*',
                  Resource: `${GROUPS}:autoScalingGroupName/eks-*`,
                  Condition: { StringEquals: { 'aws:ResourceTag/eks:nodegroup-name': value } },
                },
              }),
            ),
          ],
        ],
      ]),
    )
  const attempt = async (
    value: string,
    act: (client: AutoScalingClient, name: string, id: string) => Promise<unknown>,
  ) => {
    await using started = await startScaling({}, { authorize: asTagged(value) })
    const [member] = started.scaling.snapshot()[0]?.members ?? []
    return await refusalOf(act(started.client, started.groupName, member?.instanceId ?? ''))
  }
  const suspend = (client: AutoScalingClient, name: string) =>
    client.send(
      new SuspendProcessesCommand({ AutoScalingGroupName: name, ScalingProcesses: ['?'] }),
    )
  const heal = (client: AutoScalingClient, _name: string, InstanceId: string) =>
    client.send(new SetInstanceHealthCommand({ InstanceId, HealthStatus: '?' }))
  // Allowed, they fail for what is wrong with them.
  expect(await attempt('nodes', suspend)).toMatch(/^ValidationError/)
  expect(await attempt('nodes', heal)).toMatch(/^ValidationError/)
  for (const act of [suspend, heal]) {
    expect(await attempt('others', act)).toMatch(
      /^AccessDenied: User: arn:aws:iam::123456789012:user\/AKIDTEST is not authorized to perform: autoscaling:\w+ on resource: arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:[0-9a-f-]{36}:autoScalingGroupName\/eks-nodes-\S+ because no identity-based policy allows the autoscaling:\w+ action$/,
    )
  }
  const describe = (client: AutoScalingClient) =>
    client.send(new DescribeAutoScalingGroupsCommand({}))
  expect(await attempt('nodes', describe)).toMatch(/DescribeAutoScalingGroups because no/)
})
