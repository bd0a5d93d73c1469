import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateNetworkAclCommand,
  DeleteNetworkAclCommand,
  DescribeInstancesCommand,
  DescribeNetworkAclsCommand,
  DetachVolumeCommand,
  RebootInstancesCommand,
  ReplaceNetworkAclAssociationCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2, ZONES } from '../ec2/testing/start-ec2.ts'
import { ALL_OVER_MS, launched } from '../ec2/testing/volume-steps.ts'
import { createAuthorize } from './authorize.ts'
import { parsePolicy } from './policy.ts'

const VPC = { id: 'vpc-0123456789abcdef0', cidr: '10.0.0.0/16' }
const FILLED: Readonly<Record<string, string>> = {
  REGION: 'us-east-1',
  ACCOUNT_ID: '123456789012',
  CLUSTER_NAME: 'mine',
  VPC_ID: VPC.id,
  NAMESPACE: 'zonefall-*',
}
const FILE = join(import.meta.dirname, '../../manifests/access/iam-policy.json')
const POLICY = readFileSync(FILE, 'utf8').replaceAll(
  new RegExp(`\\b(${Object.keys(FILLED).join('|')})\\b`, 'g'),
  (name) => FILLED[name] ?? name,
)
const RUN = [{ Key: 'zonefall.io/run', Value: 'r-1' }]
const DryRun = true

/** EC2 whose key AKIDTEST has the policy of manifests/access/ for the cluster `mine`. */
const start = () =>
  startEc2({
    vpc: VPC,
    authorize: createAuthorize(new Map([['AKIDTEST', [parsePolicy(POLICY)]]])),
  })

/** A node of a cluster. */
async function node(test: Ec2UnderTest, cluster: string): Promise<string> {
  const id = await launched(test)
  test.ec2.setServiceTags(id, { [`kubernetes.io/cluster/${cluster}`]: 'owned' })
  return id
}

const may = async (call: Promise<unknown>): Promise<boolean> => {
  const { code } = await errorOf(call)
  expect(['DryRunOperation', 'UnauthorizedOperation']).toContain(code)
  return code === 'DryRunOperation'
}

it('nodes of the cluster may be taken down, those of another may not', async () => {
  await using test = await start()
  const { client } = test
  const attempt = async (cluster: string) => {
    const InstanceIds = [await node(test, cluster)]
    return [
      await may(client.send(new RebootInstancesCommand({ InstanceIds, DryRun }))),
      await may(client.send(new TerminateInstancesCommand({ InstanceIds, DryRun }))),
    ]
  }
  expect(await attempt('mine')).toEqual([true, true])
  expect(await attempt('another')).toEqual([false, false])
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand({}))
  expect(Reservations).toHaveLength(2)
})

it('a volume may be taken from a node of the cluster if a run’s claim made it', async () => {
  await using test = await start()
  const attempt = async (cluster: string, namespace: string) => {
    const instanceId = await node(test, cluster)
    const { volumeId } = test.ec2.call('CreateVolume', {
      AvailabilityZone: 'us-east-1a',
      Size: '1',
      'TagSpecification.1.ResourceType': 'volume',
      'TagSpecification.1.Tag.1.Key': 'ebs.csi.aws.com/cluster',
      'TagSpecification.1.Tag.1.Value': 'true',
      'TagSpecification.1.Tag.2.Key': 'kubernetes.io/created-for/pvc/namespace',
      'TagSpecification.1.Tag.2.Value': namespace,
    })
    const VolumeId = typeof volumeId === 'string' ? volumeId : ''
    await test.clock.advance(ALL_OVER_MS)
    test.ec2.call('AttachVolume', { VolumeId, InstanceId: instanceId, Device: '/dev/xvdaa' })
    await test.clock.advance(ALL_OVER_MS)
    const names = { VolumeId, InstanceId: instanceId, DryRun }
    return may(test.client.send(new DetachVolumeCommand(names)))
  }
  expect(await attempt('mine', 'zonefall-r-1')).toBe(true)
  expect(await attempt('mine', 'shop')).toBe(false)
  expect(await attempt('another', 'zonefall-r-1')).toBe(false)
})

it('a run may launch what carries its tag, and end it', async () => {
  await using test = await start()
  const run = (Tags: { Key: string; Value: string }[]) =>
    new RunInstancesCommand({
      ImageId: 'ami-1',
      InstanceType: 't3.medium',
      SubnetId: ZONES[0]?.subnetId,
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: 'instance', Tags }],
    })
  const foreign = run([{ Key: 'team', Value: 'blue' }])
  expect((await errorOf(test.client.send(foreign))).code).toBe('UnauthorizedOperation')
  const { Instances = [] } = await test.client.send(run(RUN))
  const InstanceIds = Instances.flatMap(({ InstanceId }) => InstanceId ?? [])
  expect(await may(test.client.send(new TerminateInstancesCommand({ InstanceIds, DryRun })))).toBe(
    true,
  )
  expect(await may(test.client.send(new RebootInstancesCommand({ InstanceIds, DryRun })))).toBe(
    false,
  )
})

it('a run may cut a subnet off with an ACL of its own, connect it, and delete just that', async () => {
  await using test = await start()
  const { client } = test
  const untagged = new CreateNetworkAclCommand({ VpcId: VPC.id, DryRun })
  expect(await may(client.send(untagged))).toBe(false)
  const before = await client.send(new DescribeNetworkAclsCommand({}))
  const [first] = before.NetworkAcls ?? []
  const association = first?.Associations?.[0]
  const { NetworkAcl: made } = await client.send(
    new CreateNetworkAclCommand({
      VpcId: VPC.id,
      TagSpecifications: [{ ResourceType: 'network-acl', Tags: RUN }],
    }),
  )
  const { NewAssociationId } = await client.send(
    new ReplaceNetworkAclAssociationCommand({
      AssociationId: association?.NetworkAclAssociationId,
      NetworkAclId: made?.NetworkAclId,
    }),
  )
  await client.send(
    new ReplaceNetworkAclAssociationCommand({
      AssociationId: NewAssociationId,
      NetworkAclId: first?.NetworkAclId,
    }),
  )
  const remove = (NetworkAclId: string | undefined) =>
    errorOf(client.send(new DeleteNetworkAclCommand({ NetworkAclId, DryRun })))
  expect(await remove(made?.NetworkAclId)).toMatchObject({ code: 'DryRunOperation' })
  expect(await remove(first?.NetworkAclId)).toMatchObject({ code: 'UnauthorizedOperation' })
})
