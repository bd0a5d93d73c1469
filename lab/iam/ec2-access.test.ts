import {
  CreateNetworkAclCommand,
  CreateTagsCommand,
  DeleteNetworkAclCommand,
  DescribeInstancesCommand,
  DescribeNetworkAclsCommand,
  DetachVolumeCommand,
  ReplaceNetworkAclAssociationCommand,
  RunInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { errorOf, startEc2, ZONES } from '../ec2/testing/start-ec2.ts'
import { attach, created, launched } from '../ec2/testing/volume-steps.ts'
import { createAuthorize } from './authorize.ts'
import { parsePolicy } from './policy.ts'

const ARN = 'arn:aws:ec2:us-east-1:123456789012'
const TAGGED = { StringEquals: { 'aws:ResourceTag/team': 'blue' } }

/** EC2 whose key AKIDTEST has a policy of these statements. */
function startUnder(...statements: readonly object[]) {
  const policy = { Version: '2012-10-17', Statement: statements }
  return startEc2({
    authorize: createAuthorize(new Map([['AKIDTEST', [parsePolicy(JSON.stringify(policy))]]])),
  })
}

const allow = (Action: string | readonly string[], Resource: string, Condition: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  Condition,
})

describe('instances', () => {
  it('can be stopped by whom their tags allow it, and only all together', async () => {
    await using test = await startUnder(allow('ec2:StopInstances', `${ARN}:instance/*`, TAGGED))
    const mine = await launched(test)
    const other = await launched(test)
    test.ec2.setServiceTags(mine, { team: 'blue' })
    const stop = (...InstanceIds: string[]) =>
      errorOf(test.client.send(new StopInstancesCommand({ InstanceIds, DryRun: true })))
    expect(await stop(mine)).toMatchObject({ code: 'DryRunOperation' })
    const refused = {
      code: 'UnauthorizedOperation',
      message:
        'You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/AKIDTEST ' +
        `is not authorized to perform: ec2:StopInstances on resource: ${ARN}:instance/${other} ` +
        'because no identity-based policy allows the ec2:StopInstances action',
      status: 403,
    }
    expect(await stop(other)).toEqual(refused)
    expect(await stop(mine, other)).toEqual(refused)
    // What isn't there has no tags, so that nobody learns whether it is.
    const absent = 'i-0123456789abcdef0'
    expect(await stop(absent)).toMatchObject({ code: 'UnauthorizedOperation' })
  })

  it('can be denied by name', async () => {
    await using test = await startUnder(allow('*', '*'), {
      Effect: 'Deny',
      Action: 'ec2:Describe*',
      Resource: '*',
    })
    expect((await errorOf(test.client.send(new DescribeInstancesCommand({})))).message).toBe(
      'You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/AKIDTEST ' +
        'is not authorized to perform: ec2:DescribeInstances with an explicit deny in an identity-based policy',
    )
  })

  it('are only described by whom a policy lets describe everything', async () => {
    await using test = await startUnder(allow('ec2:DescribeInstances', `${ARN}:instance/*`))
    expect(await errorOf(test.client.send(new DescribeInstancesCommand({})))).toMatchObject({
      code: 'UnauthorizedOperation',
    })
  })

  it('are launched by whom all that they are made of is allowed, tags too', async () => {
    const tags = { StringEquals: { 'aws:RequestTag/team': 'blue' } }
    const parts = ['image', 'network-interface', 'security-group', 'subnet', 'volume'].map((type) =>
      allow('ec2:RunInstances', type === 'image' ? 'arn:aws:ec2:*::image/*' : `${ARN}:${type}/*`),
    )
    const whole = [allow('ec2:RunInstances', `${ARN}:instance/*`, tags), ...parts]
    const onCreation = { StringEquals: { 'ec2:CreateAction': 'RunInstances' } }
    const tagging = allow('ec2:CreateTags', `${ARN}:instance/*`, onCreation)
    const run = async (statements: readonly object[], team?: string) => {
      await using test = await startUnder(...statements)
      const { code, message } = await errorOf(
        test.client.send(
          new RunInstancesCommand({
            ImageId: 'ami-1',
            InstanceType: 't3.medium',
            MinCount: 1,
            MaxCount: 1,
            SubnetId: ZONES[0]?.subnetId,
            DryRun: true,
            ...(team === undefined
              ? {}
              : {
                  TagSpecifications: [
                    { ResourceType: 'instance', Tags: [{ Key: 'team', Value: team }] },
                  ],
                }),
          }),
        ),
      )
      return code === 'DryRunOperation' ? code : / (ec2:\S+ on resource: \S+)/.exec(message)?.[1]
    }
    expect(await run([...whole, tagging], 'blue')).toBe('DryRunOperation')
    expect(await run(whole, 'blue')).toBe(`ec2:CreateTags on resource: ${ARN}:instance/*`)
    expect(await run([...whole, tagging], 'red')).toBe(
      `ec2:RunInstances on resource: ${ARN}:instance/*`,
    )
    expect(await run([...whole, tagging])).toBe(`ec2:RunInstances on resource: ${ARN}:instance/*`)
    expect(await run(whole.slice(0, -1), 'blue')).toBe(
      `ec2:RunInstances on resource: ${ARN}:volume/*`,
    )
    expect(await run(whole.toSpliced(1, 1), 'blue')).toBe(
      'ec2:RunInstances on resource: arn:aws:ec2:us-east-1::image/ami-1',
    )
  })

  it('are not tagged afterwards by whom it is allowed on creation', async () => {
    await using test = await startUnder(
      allow('ec2:CreateTags', '*', { StringEquals: { 'ec2:CreateAction': 'RunInstances' } }),
    )
    const Resources = [await launched(test)]
    const Tags = [{ Key: 'team', Value: 'blue' }]
    expect(
      await errorOf(test.client.send(new CreateTagsCommand({ Resources, Tags }))),
    ).toMatchObject({ code: 'UnauthorizedOperation' })
  })
})

it('a volume is detached by whom both it and its instance allow it', async () => {
  const volume = allow('ec2:DetachVolume', `${ARN}:volume/*`)
  const instance = allow('ec2:DetachVolume', `${ARN}:instance/*`, TAGGED)
  await using test = await startUnder(volume, instance, allow(CSI, '*'))
  const instanceId = await launched(test)
  const VolumeId = await created(test)
  await attach(test, VolumeId, instanceId)
  const detach = () =>
    errorOf(test.client.send(new DetachVolumeCommand({ VolumeId, DryRun: true })))
  expect((await detach()).message).toContain(`on resource: ${ARN}:instance/${instanceId}`)
  test.ec2.setServiceTags(instanceId, { team: 'blue' })
  expect(await detach()).toMatchObject({ code: 'DryRunOperation' })
})

const CSI = ['ec2:CreateVolume', 'ec2:AttachVolume']

it('network ACLs are changed by the VPC of their subnets and by their tags', async () => {
  const { vpcId } = await vpcOf()
  const inVpc = (id: string) => ({ ArnEquals: { 'ec2:Vpc': `${ARN}:vpc/${id}` } })
  const attempt = async (id: string) => {
    await using test = await startUnder(
      allow('ec2:DescribeNetworkAcls', '*'),
      allow('ec2:CreateNetworkAcl', '*'),
      allow('ec2:DeleteNetworkAcl', `${ARN}:network-acl/*`, TAGGED),
      allow('ec2:ReplaceNetworkAclAssociation', `${ARN}:network-acl/*`),
      allow('ec2:ReplaceNetworkAclAssociation', `${ARN}:subnet/*`, inVpc(id)),
    )
    const { client } = test
    const { NetworkAcl: made } = await client.send(new CreateNetworkAclCommand({ VpcId: vpcId }))
    const NetworkAclId = made?.NetworkAclId
    const { NetworkAcls = [] } = await client.send(new DescribeNetworkAclsCommand({}))
    const AssociationId = NetworkAcls[0]?.Associations?.[0]?.NetworkAclAssociationId
    const names = { NetworkAclId, AssociationId, DryRun: true }
    const [replaced, deleted] = await Promise.all([
      errorOf(client.send(new ReplaceNetworkAclAssociationCommand(names))),
      errorOf(client.send(new DeleteNetworkAclCommand({ NetworkAclId, DryRun: true }))),
    ])
    return [replaced.code, deleted.code]
  }
  expect(await attempt(vpcId)).toEqual(['DryRunOperation', 'UnauthorizedOperation'])
  expect(await attempt('vpc-1')).toEqual(['UnauthorizedOperation', 'UnauthorizedOperation'])
})

async function vpcOf(): Promise<{ vpcId: string }> {
  await using test = await startEc2()
  const { NetworkAcls = [] } = await test.client.send(new DescribeNetworkAclsCommand({}))
  return { vpcId: NetworkAcls[0]?.VpcId ?? '' }
}
