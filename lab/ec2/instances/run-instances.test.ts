import {
  type _InstanceType,
  type DescribeInstancesCommandInput,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeVolumesCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2, ZONES } from '../testing/start-ec2.ts'

const SUBNET_A = ZONES[0]?.subnetId ?? ''

const run = (test: Ec2UnderTest, input: Partial<RunInstancesCommandInput> = {}) =>
  test.client.send(
    new RunInstancesCommand({
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: 't3.medium',
      SubnetId: SUBNET_A,
      MinCount: 1,
      MaxCount: 1,
      ...input,
    }),
  )

describe('RunInstances', () => {
  it('gives the machine what it needs, and shows what EC2 shows', async () => {
    await using test = await startEc2()
    const answer = await run(test, {
      UserData: Buffer.from('#!/bin/sh\necho ü').toString('base64'),
      ClientToken: 'once',
      TagSpecifications: [
        { ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'node' }] },
        { ResourceType: 'volume', Tags: [{ Key: 'of', Value: 'node' }] },
      ],
    })
    expect(answer.OwnerId).toBe('123456789012')
    expect(answer.ReservationId).toMatch(/^r-[0-9a-f]{17}$/)
    const [shown] = answer.Instances ?? []
    const id = shown?.InstanceId ?? ''
    expect(id).toMatch(/^i-[0-9a-f]{17}$/)
    expect(shown).toMatchObject({
      ImageId: 'ami-0123456789abcdef0',
      InstanceType: 't3.medium',
      State: { Code: 0, Name: 'pending' },
      PrivateIpAddress: '10.0.1.10',
      PrivateDnsName: 'ip-10-0-1-10.ec2.internal',
      SubnetId: SUBNET_A,
      Placement: { AvailabilityZone: 'us-east-1a', Tenancy: 'default' },
      LaunchTime: new Date('2026-01-02T03:04:05.678Z'),
      AmiLaunchIndex: 0,
      ClientToken: 'once',
      RootDeviceName: '/dev/xvda',
      RootDeviceType: 'ebs',
      Tags: [{ Key: 'Name', Value: 'node' }],
      SourceDestCheck: true,
    })
    expect(shown?.VpcId).toMatch(/^vpc-/)
    expect(shown?.NetworkInterfaces?.[0]).toMatchObject({
      PrivateIpAddress: '10.0.1.10',
      MacAddress: '02:00:0a:00:01:0a',
      Attachment: { DeviceIndex: 0, Status: 'attached' },
      PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.0.1.10' }],
    })
    const root = shown?.BlockDeviceMappings?.[0]
    expect(root).toMatchObject({ DeviceName: '/dev/xvda', Ebs: { Status: 'attached' } })
    const { Volumes } = await test.client.send(new DescribeVolumesCommand({}))
    expect(Volumes).toMatchObject([
      {
        VolumeId: root?.Ebs?.VolumeId,
        State: 'in-use',
        VolumeType: 'gp3',
        Size: 20,
        Tags: [{ Key: 'of', Value: 'node' }],
      },
    ])
    await test.clock.advance(1000)
    expect(test.backend.specs.get(id)).toEqual({
      instanceId: id,
      zone: 'us-east-1a',
      subnetId: SUBNET_A,
      privateIp: '10.0.1.10',
      privateDnsName: 'ip-10-0-1-10.ec2.internal',
      instanceType: 't3.medium',
      imageId: 'ami-0123456789abcdef0',
      userData: '#!/bin/sh\necho ü',
    })
    expect(test.log.join('\n')).not.toContain('UserData')
  })

  it('launches with data volumes, which are there before the machine is on', async () => {
    await using test = await startEc2()
    const answer = await run(test, {
      BlockDeviceMappings: [
        { DeviceName: '/dev/xvda', Ebs: { VolumeSize: 40 } },
        {
          DeviceName: '/dev/sdf',
          Ebs: { VolumeSize: 3, VolumeType: 'gp3', DeleteOnTermination: true },
        },
        { DeviceName: '/dev/sdg', Ebs: { VolumeSize: 4 } },
      ],
    })
    const id = answer.Instances?.[0]?.InstanceId ?? ''
    expect(answer.Instances?.[0]?.BlockDeviceMappings).toMatchObject([
      { DeviceName: '/dev/xvda', Ebs: { Status: 'attached', DeleteOnTermination: true } },
      { DeviceName: '/dev/sdf', Ebs: { Status: 'attaching', DeleteOnTermination: true } },
      { DeviceName: '/dev/sdg', Ebs: { Status: 'attaching', DeleteOnTermination: false } },
    ])
    await test.clock.advance(1000)
    expect(test.backend.calls.map((call) => call.split(' ')[0])).toEqual([
      'create',
      'create',
      'plug',
      'plug',
      'launch',
    ])
    await test.client.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
    await test.clock.advance(3000)
    expect(test.ec2.snapshot().volumes).toMatchObject([{ sizeGiB: 4, state: 'available' }])
    expect(test.backend.violations).toEqual([])
  })

  it('is terminated with its volumes let go when one of them can’t be made', async () => {
    await using test = await startEc2()
    test.backend.failNext('create')
    const mapping = { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 3 } }
    await run(test, { BlockDeviceMappings: [mapping] })
    await test.clock.advance(3000)
    expect(test.ec2.snapshot().instances).toMatchObject([{ state: 'terminated' }])
    expect(test.backend.calls.some((call) => call.startsWith('launch'))).toBe(false)
  })

  it('gives each instance an address of its own, and none twice in a row', async () => {
    await using test = await startEc2()
    const { Instances } = await run(test, { MinCount: 2, MaxCount: 2 })
    expect(Instances?.map((one) => one.PrivateIpAddress)).toEqual(['10.0.1.10', '10.0.1.11'])
    expect(Instances?.map((one) => one.AmiLaunchIndex)).toEqual([0, 1])
    const ids = Instances?.map((one) => one.InstanceId ?? '') ?? []
    await test.client.send(new TerminateInstancesCommand({ InstanceIds: ids }))
    await test.clock.advance(5000)
    expect((await run(test)).Instances?.[0]?.PrivateIpAddress).toBe('10.0.1.12')
    const named = await run(test, { PrivateIpAddress: '10.0.1.11' })
    expect(named.Instances?.[0]?.PrivateIpAddress).toBe('10.0.1.11')
    const refused = async (input: Partial<RunInstancesCommandInput>) =>
      (await errorOf(run(test, input))).code
    expect(await refused({ PrivateIpAddress: '10.0.1.11' })).toBe('InvalidIPAddress.InUse')
    expect(await refused({ PrivateIpAddress: '10.0.1.3' })).toBe('InvalidParameterValue')
    expect(await refused({ PrivateIpAddress: '10.0.2.11' })).toBe('InvalidParameterValue')
    expect(await refused({ PrivateIpAddress: 'here' })).toBe('InvalidParameterValue')
    expect(await refused({ MinCount: 500, MaxCount: 500 })).toBe(
      'InsufficientFreeAddressesInSubnet',
    )
    const many = await run(test, { MinCount: 1, MaxCount: 1000 }).catch(String)
    expect(many).toMatchObject({ Instances: [{ AmiLaunchIndex: 0 }] })
  })

  it('with a token launches once', async () => {
    await using test = await startEc2()
    const first = await run(test, { ClientToken: 'once' })
    await test.clock.advance(1000)
    const second = await run(test, { ClientToken: 'once' })
    expect(second.ReservationId).toBe(first.ReservationId)
    expect(second.Instances?.[0]).toMatchObject({
      InstanceId: first.Instances?.[0]?.InstanceId,
      State: { Name: 'running' },
    })
    expect(await errorOf(run(test, { ClientToken: 'once', InstanceType: 'm5.large' }))).toEqual({
      code: 'IdempotentParameterMismatch',
      message:
        'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
      status: 400,
    })
    const long = errorOf(run(test, { ClientToken: 'x'.repeat(65) }))
    expect((await long).code).toBe('InvalidParameterValue')
    expect(test.ec2.snapshot().instances).toHaveLength(1)
  })

  it('finds no capacity in a zone that was told to have none, and neither does StartInstances', async () => {
    await using test = await startEc2()
    const { Instances } = await run(test)
    const id = Instances?.[0]?.InstanceId ?? ''
    await test.clock.advance(1000)
    await test.client.send(new StopInstancesCommand({ InstanceIds: [id] }))
    await test.clock.advance(1000)
    test.ec2.setCapacity('us-east-1a', false)
    const words = 'We currently do not have sufficient t3.medium capacity in the Availability Zone'
    expect(await errorOf(run(test))).toMatchObject({
      code: 'InsufficientInstanceCapacity',
      message: expect.stringContaining(words),
      status: 500,
    })
    const starting = errorOf(test.client.send(new StartInstancesCommand({ InstanceIds: [id] })))
    expect((await starting).code).toBe('InsufficientInstanceCapacity')
    await run(test, { SubnetId: ZONES[1]?.subnetId })
    test.ec2.setCapacity('us-east-1a', true)
    await test.client.send(new StartInstancesCommand({ InstanceIds: [id] }))
    expect(() => {
      test.ec2.setCapacity('us-east-1z', false)
    }).toThrow('There is no zone us-east-1z')
  })

  it('refuses what EC2 refuses', async () => {
    await using test = await startEc2({
      images: [{ id: 'ami-0123456789abcdef0', name: 'one', description: '' }],
    })
    const refused = async (input: Partial<RunInstancesCommandInput>) => {
      const { code, message } = await errorOf(run(test, input))
      return `${code}: ${message}`
    }
    expect(await refused({ ImageId: 'x' })).toBe(
      'InvalidAMIID.Malformed: Invalid id: "x" (expecting "ami-...")',
    )
    expect(await refused({ ImageId: 'ami-1' })).toBe(
      "InvalidAMIID.NotFound: The image id '[ami-1]' does not exist",
    )
    expect(await refused({ InstanceType: 'p5.48xlarge' })).toBe(
      "InvalidParameterValue: Invalid value 'p5.48xlarge' for InstanceType.",
    )
    expect(await refused({ SubnetId: 'subnet-1' })).toBe(
      "InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist",
    )
    expect(await refused({ SubnetId: undefined })).toContain('MissingParameter')
    expect(await refused({ MinCount: 0 })).toContain('minCount')
    expect(await refused({ MinCount: 2 })).toContain('maxCount')
    expect(await refused({ UserData: '%%%' })).toContain('InvalidUserData.Malformed')
    expect(await refused({ UserData: Buffer.alloc(16_385).toString('base64') })).toContain('16384')
    expect(await refused({ Placement: { AvailabilityZone: 'us-east-1b' } })).toContain('is in the')
    expect(await refused({ KeyName: 'k' })).toBe(
      'UnknownParameter: The parameter KeyName is not recognized',
    )
    expect(await refused({ DryRun: true })).toContain('DryRunOperation')
    expect(test.ec2.snapshot().instances).toEqual([])
  })
})

describe('DescribeInstances', () => {
  it('groups by reservation, filters and pages', async () => {
    await using test = await startEc2()
    await run(test, { MinCount: 4, MaxCount: 4 })
    await run(test, { SubnetId: ZONES[1]?.subnetId, MinCount: 3, MaxCount: 3 })
    const first = await test.client.send(new DescribeInstancesCommand({ MaxResults: 5 }))
    expect(first.Reservations?.map((one) => one.Instances?.length)).toEqual([4, 1])
    const second = await test.client.send(
      new DescribeInstancesCommand({ MaxResults: 5, NextToken: first.NextToken }),
    )
    expect(second.Reservations?.map((one) => one.Instances?.length)).toEqual([2])
    expect(second.NextToken).toBeUndefined()
    const zoneB = [{ Name: 'availability-zone', Values: ['us-east-1b', 'us-east-1c'] }]
    const filtered = await test.client.send(new DescribeInstancesCommand({ Filters: zoneB }))
    expect(filtered.Reservations?.map((one) => one.Instances?.length)).toEqual([3])

    const refused = async (input: DescribeInstancesCommandInput) => {
      const { code, message } = await errorOf(test.client.send(new DescribeInstancesCommand(input)))
      return `${code}: ${message}`
    }
    const id = test.ec2.snapshot().instances[0]?.instanceId ?? ''
    expect(await refused({ MaxResults: 3 })).toBe(
      'InvalidParameterValue: Value ( 3 ) for parameter maxResults is invalid. Expecting a value greater than 5.',
    )
    expect(await refused({ MaxResults: 5, InstanceIds: [id] })).toBe(
      'InvalidParameterCombination: The parameter instancesSet cannot be used with the parameter maxResults',
    )
    expect(await refused({ Filters: zoneB, NextToken: first.NextToken ?? '' })).toContain(
      'InvalidNextToken',
    )
    expect(await refused({ InstanceIds: ['web-1'] })).toBe(
      'InvalidInstanceID.Malformed: Invalid id: "web-1"',
    )
    const unknown = ['i-00000000000000001', 'i-00000000000000002']
    expect(await refused({ InstanceIds: [id, ...unknown] })).toBe(
      `InvalidInstanceID.NotFound: The instance IDs '${unknown.join(', ')}' do not exist`,
    )
  })
})

describe('DescribeInstanceTypes', () => {
  it('tells Nitro from Xen, and how many volumes fit', async () => {
    await using test = await startEc2()
    const describe = (names: _InstanceType[]) =>
      test.client.send(new DescribeInstanceTypesCommand({ InstanceTypes: names }))
    const { InstanceTypes } = await describe(['t3.medium', 't2.medium'])
    const byName = new Map(InstanceTypes?.map((type) => [String(type.InstanceType), type]))
    expect(byName.get('t3.medium')).toMatchObject({
      Hypervisor: 'nitro',
      VCpuInfo: { DefaultVCpus: 2 },
      MemoryInfo: { SizeInMiB: 4096 },
      EbsInfo: { MaximumEbsAttachments: 28, MaximumEbsCards: 1, NvmeSupport: 'required' },
      CurrentGeneration: true,
    })
    expect(byName.get('t2.medium')).toMatchObject({ Hypervisor: 'xen' })
    expect((await errorOf(describe(['m5.24xlarge']))).code).toBe('InvalidInstanceType')
  })
})
