import {
  CreateTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  type DescribeNetworkInterfacesCommandInput,
  DescribeSubnetsCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2, ZONES } from '../testing/start-ec2.ts'
import { ALL_OVER_MS, launched } from '../testing/volume-steps.ts'

const controlPlane = {
  clusterName: 'one',
  subnetId: 'subnet-00000000000000000',
  cidr: '10.0.0.0/24',
  zone: 'us-east-1a',
  address: '10.0.0.7',
}

const described = async (test: Ec2UnderTest, input: DescribeNetworkInterfacesCommandInput = {}) =>
  (await test.client.send(new DescribeNetworkInterfacesCommand(input))).NetworkInterfaces ?? []

const filtered = (test: Ec2UnderTest, name: string, value: string) =>
  described(test, { Filters: [{ Name: name, Values: [value] }] })

describe('a network interface', () => {
  it('is the same in DescribeInstances, and goes with its instance', async () => {
    await using test = await startEc2()
    const id = await launched(test)
    const { Reservations: [reservation] = [] } = await test.client.send(
      new DescribeInstancesCommand({ InstanceIds: [id] }),
    )
    const shown = reservation?.Instances?.[0]?.NetworkInterfaces?.[0]
    const [own] = await described(test)
    expect(own).toMatchObject({
      NetworkInterfaceId: expect.stringMatching(/^eni-[0-9a-f]{17}$/),
      Status: 'in-use',
      AvailabilityZone: 'us-east-1a',
      InterfaceType: 'interface',
      PrivateIpAddress: '10.0.1.10',
      RequesterManaged: false,
      Attachment: {
        InstanceId: id,
        InstanceOwnerId: '123456789012',
        DeviceIndex: 0,
        Status: 'attached',
        DeleteOnTermination: true,
      },
    })
    expect(own).toMatchObject({
      NetworkInterfaceId: shown?.NetworkInterfaceId,
      SubnetId: shown?.SubnetId,
      VpcId: shown?.VpcId,
      MacAddress: shown?.MacAddress,
      PrivateDnsName: shown?.PrivateDnsName,
      Attachment: { AttachmentId: shown?.Attachment?.AttachmentId },
    })
    await test.client.send(new StopInstancesCommand({ InstanceIds: [id] }))
    await test.clock.advance(ALL_OVER_MS)
    expect(await described(test)).toEqual([own])
    await test.client.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
    await test.clock.advance(ALL_OVER_MS)
    expect(await described(test)).toEqual([])
    const byId = described(test, { NetworkInterfaceIds: [own?.NetworkInterfaceId ?? ''] })
    expect(await errorOf(byId)).toMatchObject({
      code: 'InvalidNetworkInterfaceID.NotFound',
      message: `The networkInterface ID '${own?.NetworkInterfaceId}' does not exist`,
    })
  })

  it('has tags of its own', async () => {
    await using test = await startEc2()
    await test.client.send(
      new RunInstancesCommand({
        ImageId: 'ami-1',
        InstanceType: 't3.medium',
        SubnetId: ZONES[0]?.subnetId,
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [
          { ResourceType: 'network-interface', Tags: [{ Key: 'a', Value: '1' }] },
        ],
      }),
    )
    const [own] = await filtered(test, 'tag:a', '1')
    await test.client.send(
      new CreateTagsCommand({
        Resources: [own?.NetworkInterfaceId ?? ''],
        Tags: [{ Key: 'b', Value: '2' }],
      }),
    )
    expect((await filtered(test, 'tag:b', '2'))[0]?.TagSet).toEqual([
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ])
  })

  it('of EKS is in a subnet of its own, and EKS’s', async () => {
    await using test = await startEc2({ controlPlane })
    const id = await launched(test)
    const managed = await filtered(test, 'requester-managed', 'true')
    expect(managed).toHaveLength(1)
    expect(managed[0]).toMatchObject({
      Description: 'Amazon EKS one',
      SubnetId: controlPlane.subnetId,
      PrivateIpAddress: '10.0.0.7',
      RequesterManaged: true,
      OwnerId: '123456789012',
      Attachment: { DeviceIndex: 1, Status: 'attached' },
    })
    expect(managed[0]?.Attachment?.InstanceId).toBeUndefined()
    expect(managed[0]?.Attachment?.InstanceOwnerId).not.toBe('123456789012')
    expect(await filtered(test, 'description', 'Amazon EKS *')).toEqual(managed)
    expect(await filtered(test, 'subnet-id', controlPlane.subnetId)).toEqual(managed)
    const own = await filtered(test, 'attachment.instance-id', id)
    expect(own).toHaveLength(1)
    expect(await described(test)).toEqual([...managed, ...own])

    const { Subnets = [] } = await test.client.send(
      new DescribeSubnetsCommand({
        Filters: [{ Name: 'availabilityZone', Values: ['us-east-1a'] }],
      }),
    )
    expect(Subnets.map(({ SubnetId }) => SubnetId)).toEqual([
      ZONES[0]?.subnetId,
      controlPlane.subnetId,
    ])
    expect(Subnets[1]).toMatchObject({
      CidrBlock: '10.0.0.0/24',
      AvailableIpAddressCount: 250,
      MapPublicIpOnLaunch: false,
      Ipv6Native: false,
      SubnetArn: `arn:aws:ec2:us-east-1:123456789012:subnet/${controlPlane.subnetId}`,
    })
    const zones = await test.client.send(new DescribeAvailabilityZonesCommand({}))
    expect(zones.AvailabilityZones).toHaveLength(3)
    expect(test.ec2.snapshot().zones).toHaveLength(3)
    const there = new RunInstancesCommand({
      ImageId: 'ami-1',
      InstanceType: 't3.medium',
      SubnetId: controlPlane.subnetId,
      MinCount: 1,
      MaxCount: 1,
    })
    expect((await errorOf(test.client.send(there))).code).toBe('UnsupportedOperation')
  })
})
