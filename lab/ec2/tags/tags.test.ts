import {
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVpcsCommand,
  type Tag,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2, ZONES } from '../testing/start-ec2.ts'
import { created, launched, shown } from '../testing/volume-steps.ts'

const tag = (test: Ec2UnderTest, ids: string[], tags: Tag[]) =>
  test.client.send(new CreateTagsCommand({ Resources: ids, Tags: tags }))
const untag = (test: Ec2UnderTest, ids: string[], tags?: Tag[]) =>
  test.client.send(new DeleteTagsCommand({ Resources: ids, ...(tags && { Tags: tags }) }))

describe('tags', () => {
  it('are set, changed and removed, on everything that has any', async () => {
    await using test = await startEc2()
    const volumeId = await created(test)
    const instanceId = await launched(test)
    const subnetId = ZONES[0]?.subnetId ?? ''
    const all = [volumeId, instanceId, subnetId]
    await tag(test, all, [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '' },
    ])
    await tag(test, [volumeId], [{ Key: 'a', Value: '2' }])
    expect((await shown(test, volumeId))?.Tags).toEqual([
      { Key: 'a', Value: '2' },
      { Key: 'b', Value: '' },
    ])
    const { Tags } = await test.client.send(
      new DescribeTagsCommand({ Filters: [{ Name: 'key', Values: ['a'] }] }),
    )
    expect(Tags).toEqual([
      { Key: 'a', Value: '1', ResourceId: instanceId, ResourceType: 'instance' },
      { Key: 'a', Value: '1', ResourceId: subnetId, ResourceType: 'subnet' },
      { Key: 'a', Value: '2', ResourceId: volumeId, ResourceType: 'volume' },
    ])
    await untag(test, [volumeId], [{ Key: 'a', Value: 'other' }, { Key: 'b' }])
    expect((await shown(test, volumeId))?.Tags).toEqual([{ Key: 'a', Value: '2' }])
    await untag(test, [volumeId])
    expect((await shown(test, volumeId))?.Tags).toEqual([])
  })

  it('have rules', async () => {
    await using test = await startEc2()
    const id = await created(test)
    const refused = async (ids: string[], tags: Tag[]) => {
      const { code, message } = await errorOf(tag(test, ids, tags))
      return `${code}: ${message}`
    }
    expect(await refused([id], [{ Key: 'aws:x', Value: '' }])).toBe(
      "InvalidParameterValue: Value ( aws:x ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use",
    )
    expect(await refused([id], [{ Key: 'x'.repeat(129), Value: '' }])).toContain('128')
    expect(await refused([id], [{ Key: 'x', Value: 'x'.repeat(257) }])).toContain('256')
    expect(await refused(['fish-1'], [{ Key: 'x', Value: '' }])).toBe(
      "InvalidID: The ID 'fish-1' is not valid",
    )
    expect(await refused(['vol-0123456789abcdef0'], [{ Key: 'x', Value: '' }])).toContain(
      'InvalidVolume.NotFound',
    )
    const many = Array.from({ length: 50 }, (_, n) => ({ Key: `k${n}`, Value: 'v' }))
    await tag(test, [id], many)
    await tag(test, [id], [{ Key: 'k1', Value: 'w' }])
    expect(await refused([id], [{ Key: 'one more', Value: '' }])).toContain('TagLimitExceeded')
    const wrongKind = new CreateVolumeCommand({
      AvailabilityZone: 'us-east-1a',
      Size: 1,
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'a', Value: 'b' }] }],
    })
    expect((await errorOf(test.client.send(wrongKind))).message).toBe(
      "'snapshot' is not a valid taggable resource type for this operation.",
    )
  })
})

describe("a service's own tags", () => {
  it('are shown, and only the service takes them away', async () => {
    await using test = await startEc2()
    const id = await launched(test)
    const tagsOf = () =>
      test.ec2.snapshot().instances.find(({ instanceId }) => instanceId === id)?.tags
    const group = 'aws:autoscaling:groupName'
    test.ec2.setServiceTags(id, { [group]: 'nodes' })
    await tag(test, [id], [{ Key: 'own', Value: '1' }])
    const named = new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: group }] })
    expect((await errorOf(test.client.send(named))).message).toContain('reserved for internal use')
    await test.client.send(new DeleteTagsCommand({ Resources: [id] }))
    expect(tagsOf()).toEqual({ [group]: 'nodes' })
    test.ec2.setServiceTags(id, { [group]: undefined })
    expect(tagsOf()).toEqual({})
  })
})

describe('the network', () => {
  it('is described', async () => {
    await using test = await startEc2()
    await launched(test)
    const { AvailabilityZones } = await test.client.send(new DescribeAvailabilityZonesCommand({}))
    expect(AvailabilityZones?.[1]).toMatchObject({
      ZoneName: 'us-east-1b',
      ZoneId: 'use1-az2',
      State: 'available',
      RegionName: 'us-east-1',
      ZoneType: 'availability-zone',
    })
    const wrong = new DescribeAvailabilityZonesCommand({ ZoneNames: ['us-east-1z'] })
    expect((await errorOf(test.client.send(wrong))).message).toBe(
      'Invalid availability zone: [us-east-1z]',
    )
    const { Vpcs } = await test.client.send(new DescribeVpcsCommand({}))
    expect(Vpcs).toMatchObject([{ CidrBlock: '10.0.0.0/16', State: 'available' }])
    const inZone = [{ Name: 'availability-zone', Values: ['us-east-1a'] }]
    const { Subnets } = await test.client.send(new DescribeSubnetsCommand({ Filters: inZone }))
    expect(Subnets).toMatchObject([
      {
        SubnetId: ZONES[0]?.subnetId,
        VpcId: Vpcs?.[0]?.VpcId,
        CidrBlock: '10.0.1.0/24',
        AvailabilityZoneId: 'use1-az1',
        AvailableIpAddressCount: 250,
      },
    ])
    const unknown = new DescribeSubnetsCommand({ SubnetIds: ['subnet-1'] })
    expect((await errorOf(test.client.send(unknown))).code).toBe('InvalidSubnetID.NotFound')
  })
})
