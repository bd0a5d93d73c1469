import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  DescribeVolumeStatusCommand,
  DetachVolumeCommand,
  ModifyVolumeCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2, ZONES } from '../testing/start-ec2.ts'

const ALL_OVER_MS = 10_000

async function launched(test: Ec2UnderTest, instanceType = 't3.medium', zone = 0): Promise<string> {
  const subnetId = ZONES[zone]?.subnetId ?? ''
  const [one] = test.ec2.runInstances({ imageId: 'ami-1', instanceType, subnetId })
  await test.clock.advance(ALL_OVER_MS)
  return one?.instanceId ?? ''
}

async function created(test: Ec2UnderTest, zone = 'us-east-1a'): Promise<string> {
  const volume = await test.client.send(
    new CreateVolumeCommand({ AvailabilityZone: zone, Size: 1 }),
  )
  await test.clock.advance(ALL_OVER_MS)
  return volume.VolumeId ?? ''
}

async function shown(test: Ec2UnderTest, volumeId: string) {
  const { Volumes } = await test.client.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }))
  return Volumes?.[0]
}

const attach = (test: Ec2UnderTest, volumeId: string, instanceId: string, device = '/dev/xvdaa') =>
  test.client.send(
    new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: device }),
  )

describe('a volume', () => {
  it('goes creating, available, deleting, gone', async () => {
    await using test = await startEc2()
    const volume = await test.client.send(
      new CreateVolumeCommand({
        AvailabilityZone: 'us-east-1b',
        Size: 4,
        VolumeType: 'gp3',
        Encrypted: true,
        TagSpecifications: [
          { ResourceType: 'volume', Tags: [{ Key: 'CSIVolumeName', Value: 'pvc-<&>"\' é' }] },
        ],
      }),
    )
    expect(volume).toMatchObject({
      State: 'creating',
      Size: 4,
      Iops: 3000,
      Throughput: 125,
      VolumeType: 'gp3',
      Encrypted: true,
      MultiAttachEnabled: false,
      AvailabilityZone: 'us-east-1b',
      AvailabilityZoneId: 'use1-az2',
      Tags: [{ Key: 'CSIVolumeName', Value: 'pvc-<&>"\' é' }],
      KmsKeyId: 'arn:aws:kms:us-east-1:123456789012:alias/aws/ebs',
    })
    expect(volume.CreateTime).toEqual(new Date('2026-01-02T03:04:05.678Z'))
    expect(volume.VolumeId).toMatch(/^vol-[0-9a-f]{17}$/)
    const id = volume.VolumeId ?? ''

    await test.clock.advance(250)
    expect((await shown(test, id))?.State).toBe('creating')
    await test.clock.advance(400)
    expect(await shown(test, id)).toMatchObject({ State: 'available', Attachments: [] })

    await test.client.send(new DeleteVolumeCommand({ VolumeId: id }))
    expect((await shown(test, id))?.State).toBe('deleting')
    expect((await errorOf(test.client.send(new DeleteVolumeCommand({ VolumeId: id })))).code).toBe(
      'InvalidVolume.NotFound',
    )
    await test.clock.advance(500)
    expect(await errorOf(shown(test, id))).toEqual({
      code: 'InvalidVolume.NotFound',
      message: `The volume '${id}' does not exist.`,
      status: 400,
    })
    expect(test.backend.calls).toEqual([`create ${id} 4`, `remove ${id}`])
  })

  it('that could not be made is in error, and can be deleted', async () => {
    await using test = await startEc2()
    test.backend.failNext('create')
    const id = await created(test)
    expect((await shown(test, id))?.State).toBe('error')
    expect(test.log.join('\n')).toContain(`create ${id} failed: Error: create was told to fail`)
    await test.client.send(new DeleteVolumeCommand({ VolumeId: id }))
    await test.clock.advance(ALL_OVER_MS)
    expect((await errorOf(shown(test, id))).code).toBe('InvalidVolume.NotFound')
  })

  it('is not ready for anything while it is creating', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const { VolumeId: id = '' } = await test.client.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }),
    )
    expect(await errorOf(attach(test, id, instanceId))).toMatchObject({
      code: 'IncorrectState',
      message: `${id} is not 'available'.`,
    })
    const deletion = test.client.send(new DeleteVolumeCommand({ VolumeId: id }))
    expect((await errorOf(deletion)).code).toBe('IncorrectState')
    const status = await test.client.send(new DescribeVolumeStatusCommand({ VolumeIds: [id] }))
    expect(status.VolumeStatuses?.[0]?.VolumeStatus?.Status).toBe('insufficient-data')
  })
})

describe('an attachment', () => {
  it('goes attaching, attached, detaching, gone, as both sides show it', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const id = await created(test)
    const answer = await attach(test, id, instanceId)
    expect(answer).toMatchObject({
      State: 'attaching',
      VolumeId: id,
      InstanceId: instanceId,
      Device: '/dev/xvdaa',
      DeleteOnTermination: false,
    })
    expect(answer.AttachTime).toBeInstanceOf(Date)
    expect(await shown(test, id)).toMatchObject({
      State: 'in-use',
      Attachments: [{ State: 'attaching', InstanceId: instanceId, Device: '/dev/xvdaa' }],
    })

    await test.clock.advance(1000)
    expect((await shown(test, id))?.Attachments?.[0]?.State).toBe('attached')
    const { Reservations } = await test.client.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    )
    expect(Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings).toMatchObject([
      { DeviceName: '/dev/xvda', Ebs: { Status: 'attached', DeleteOnTermination: true } },
      {
        DeviceName: '/dev/xvdaa',
        Ebs: { VolumeId: id, Status: 'attached', DeleteOnTermination: false },
      },
    ])

    const detached = await test.client.send(new DetachVolumeCommand({ VolumeId: id }))
    expect(detached).toMatchObject({ State: 'detaching', InstanceId: instanceId })
    expect(await shown(test, id)).toMatchObject({
      State: 'in-use',
      Attachments: [{ State: 'detaching' }],
    })
    await test.clock.advance(1000)
    expect(await shown(test, id)).toMatchObject({ State: 'available', Attachments: [] })
    expect(test.backend.violations).toEqual([])
  })

  it('on Xen stays busy while mounted, says so again and again, and ends with the mount', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test, 't2.medium')
    const id = await created(test)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    test.backend.mounted.add(id)
    const detach = () => test.client.send(new DetachVolumeCommand({ VolumeId: id }))

    expect((await detach()).State).toBe('detaching')
    expect((await detach()).State).toBe('detaching')
    await test.clock.advance(60_000)
    expect((await shown(test, id))?.Attachments?.[0]?.State).toBe('busy')
    expect((await detach()).State).toBe('busy')
    const busyFilter = { Filters: [{ Name: 'attachment.status', Values: ['busy'] }] }
    const { Volumes } = await test.client.send(new DescribeVolumesCommand(busyFilter))
    expect(Volumes?.map((volume) => volume.VolumeId)).toEqual([id])

    test.backend.mounted.delete(id)
    await test.clock.advance(1000)
    expect((await shown(test, id))?.State).toBe('available')
  })

  it('on Xen that is busy goes by force', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test, 't2.medium')
    const id = await created(test)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    test.backend.mounted.add(id)
    await test.client.send(new DetachVolumeCommand({ VolumeId: id }))
    await test.clock.advance(5000)
    await test.client.send(new DetachVolumeCommand({ VolumeId: id, Force: true }))
    await test.clock.advance(0)
    expect((await shown(test, id))?.State).toBe('available')
    expect(test.backend.calls.at(-1)).toBe(`unplug ${id} ${instanceId} force`)
  })

  it('on Nitro is taken away even while mounted', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test, 'm5.large')
    const id = await created(test)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    test.backend.mounted.add(id)
    await test.client.send(new DetachVolumeCommand({ VolumeId: id }))
    await test.clock.advance(1000)
    expect((await shown(test, id))?.State).toBe('available')
  })

  it('can be undone while it is attaching', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const id = await created(test)
    await attach(test, id, instanceId)
    expect((await test.client.send(new DetachVolumeCommand({ VolumeId: id }))).State).toBe(
      'detaching',
    )
    await test.clock.advance(5000)
    expect((await shown(test, id))?.State).toBe('available')
    expect(test.backend.calls.filter((call) => call.startsWith('plug'))).toEqual([])
  })

  it('that the block store refuses leaves the volume available', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const id = await created(test)
    test.backend.failNext('plug')
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    expect((await shown(test, id))?.State).toBe('available')
  })

  it('is possible to a stopped instance', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const id = await created(test)
    await test.client.send(new StopInstancesCommand({ InstanceIds: [instanceId] }))
    expect(await errorOf(attach(test, id, instanceId))).toMatchObject({
      code: 'IncorrectState',
      message: `Instance '${instanceId}' is not 'running'.`,
    })
    await test.clock.advance(1000)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    expect((await shown(test, id))?.Attachments?.[0]?.State).toBe('attached')
    await test.client.send(new DetachVolumeCommand({ VolumeId: id }))
    await test.clock.advance(1000)
    expect((await shown(test, id))?.State).toBe('available')
  })

  it('is refused where EC2 refuses it', async () => {
    await using test = await startEc2()
    const here = await launched(test)
    const there = await launched(test, 't3.medium', 1)
    const id = await created(test)
    const other = await created(test)
    expect(await errorOf(attach(test, id, there))).toEqual({
      code: 'InvalidVolume.ZoneMismatch',
      message: `The volume '${id}' is not in the same availability zone as instance '${there}'`,
      status: 400,
    })
    expect(await errorOf(attach(test, id, here, '/dev/sdk1'))).toMatchObject({
      code: 'InvalidParameterValue',
      message:
        'Value (/dev/sdk1) for parameter device is invalid. /dev/sdk1 is not a valid EBS device name.',
    })
    await attach(test, id, here, '/dev/sdf')
    expect(await errorOf(attach(test, id, here, '/dev/sdg'))).toMatchObject({
      code: 'VolumeInUse',
      message: `${id} is already attached to an instance`,
    })
    expect(await errorOf(attach(test, other, here, '/dev/xvdf'))).toMatchObject({
      code: 'InvalidParameterValue',
      message:
        "Invalid value '/dev/xvdf' for unixDevice. Attachment point /dev/xvdf is already in use",
    })
    expect((await errorOf(attach(test, other, here, '/dev/xvda'))).message).toContain('in use')
    expect(
      await errorOf(test.client.send(new DeleteVolumeCommand({ VolumeId: id }))),
    ).toMatchObject({
      code: 'VolumeInUse',
      message: `Volume ${id} is currently attached to ${here}`,
    })
    const detach = (input: ConstructorParameters<typeof DetachVolumeCommand>[0]) =>
      errorOf(test.client.send(new DetachVolumeCommand(input)))
    expect((await detach({ VolumeId: id, InstanceId: there })).code).toBe(
      'InvalidAttachment.NotFound',
    )
    expect((await detach({ VolumeId: id, Device: '/dev/sdz' })).code).toBe(
      'InvalidAttachment.NotFound',
    )
    expect(await detach({ VolumeId: other })).toMatchObject({
      code: 'IncorrectState',
      message: `Volume '${other}' is in the 'available' state.`,
    })
    const root = test.ec2.status().volumes.find((volume) => volume.root)?.volumeId ?? ''
    expect((await detach({ VolumeId: root })).code).toBe('OperationNotPermitted')
    expect((await errorOf(attach(test, id, 'i-0123456789abcdef0'))).code).toBe(
      'InvalidInstanceID.NotFound',
    )
    expect((await errorOf(attach(test, 'vol-0123456789abcdef0', here))).code).toBe(
      'InvalidVolume.NotFound',
    )
    expect((await errorOf(attach(test, 'vol-xyz', here))).message).toBe(
      "Value (vol-xyz) for parameter volumeId is invalid. Expected: 'vol-...'.",
    )
  })

  it('is limited in number by the instance type', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test)
    const letters = [...'abcdefghijklmnopqrstuvwxyz'].map((letter) => `/dev/xvda${letter}`)
    for (const device of letters) await attach(test, await created(test), instanceId, device)
    const error = await errorOf(attach(test, await created(test), instanceId, '/dev/xvdba'))
    expect(error.code).toBe('AttachmentLimitExceeded')
  })

  it('ends with the instance, for a volume of DeleteOnTermination false', async () => {
    await using test = await startEc2()
    const instanceId = await launched(test, 't2.medium')
    const id = await created(test)
    await attach(test, id, instanceId)
    await test.clock.advance(1000)
    test.backend.mounted.add(id)
    await test.client.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }))
    await test.clock.advance(5000)
    expect((await shown(test, id))?.State).toBe('available')
    const { Volumes } = await test.client.send(new DescribeVolumesCommand({}))
    expect(Volumes?.map((volume) => volume.VolumeId)).toEqual([id])
    expect(test.backend.violations).toEqual([])
  })
})

describe('ModifyVolume', () => {
  const modify = (
    test: Ec2UnderTest,
    input: ConstructorParameters<typeof ModifyVolumeCommand>[0],
  ) => test.client.send(new ModifyVolumeCommand(input))

  it('goes modifying, optimizing, completed, and grows the disk', async () => {
    await using test = await startEc2()
    const id = await created(test)
    const describe = () =>
      test.client.send(new DescribeVolumesModificationsCommand({ VolumeIds: [id] }))
    expect((await errorOf(describe())).code).toBe('InvalidVolumeModification.NotFound')

    const { VolumeModification } = await modify(test, { VolumeId: id, Size: 8, VolumeType: 'gp3' })
    expect(VolumeModification).toMatchObject({
      ModificationState: 'modifying',
      OriginalSize: 1,
      TargetSize: 8,
      OriginalVolumeType: 'gp2',
      TargetVolumeType: 'gp3',
      OriginalIops: 100,
      TargetIops: 3000,
      Progress: 0,
    })
    expect((await shown(test, id))?.Size).toBe(1)
    expect(await errorOf(modify(test, { VolumeId: id, Size: 9 }))).toMatchObject({
      code: 'IncorrectModificationState',
      message: `Cannot modify volume ${id} in modification state MODIFYING`,
    })
    await test.clock.advance(800)
    expect(await shown(test, id)).toMatchObject({ Size: 8, VolumeType: 'gp3', Iops: 3000 })
    expect((await describe()).VolumesModifications?.[0]?.ModificationState).toBe('optimizing')
    await test.clock.advance(2000)
    const [done] = (await describe()).VolumesModifications ?? []
    expect(done).toMatchObject({ ModificationState: 'completed', Progress: 100 })
    expect(done?.EndTime).toBeInstanceOf(Date)
    expect(test.backend.calls.at(-1)).toBe(`grow ${id} 8`)
  })

  it('never shrinks, and not more than four times a day', async () => {
    await using test = await startEc2()
    const id = await created(test)
    for (const size of [2, 3, 4, 5]) {
      await modify(test, { VolumeId: id, Size: size })
      await test.clock.advance(ALL_OVER_MS)
    }
    expect((await errorOf(modify(test, { VolumeId: id, Size: 6 }))).code).toBe(
      'VolumeModificationRateExceeded',
    )
    await test.clock.advance(24 * 3_600_000)
    expect((await errorOf(modify(test, { VolumeId: id, Size: 1 }))).code).toBe(
      'InvalidParameterValue',
    )
    await modify(test, { VolumeId: id, Size: 6 })
  })

  it('that fails beneath says so and leaves the size', async () => {
    await using test = await startEc2()
    const id = await created(test)
    test.backend.failNext('grow')
    await modify(test, { VolumeId: id, Size: 2 })
    await test.clock.advance(ALL_OVER_MS)
    const { VolumesModifications } = await test.client.send(
      new DescribeVolumesModificationsCommand({ VolumeIds: [id] }),
    )
    expect(VolumesModifications?.[0]?.ModificationState).toBe('failed')
    expect((await shown(test, id))?.Size).toBe(1)
  })
})

describe('CreateVolume', () => {
  const create = (
    test: Ec2UnderTest,
    input: Partial<ConstructorParameters<typeof CreateVolumeCommand>[0]>,
  ) => test.client.send(new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', ...input }))

  it('refuses shapes that no volume has, in the words that the driver reads', async () => {
    await using test = await startEc2()
    const messages: (string | undefined)[] = []
    const wishes = [
      { VolumeType: 'gp3', Size: 4, Iops: 2_147_483_647, DryRun: true },
      { VolumeType: 'gp2', Size: 4, Iops: 100 },
      { VolumeType: 'io2', Size: 4 },
      { VolumeType: 'io1', Size: 4, Iops: 1000 },
      { VolumeType: 'gp3', Size: 4, Iops: 100 },
      { VolumeType: 'gp2', Size: 4, Throughput: 200 },
      { VolumeType: 'st1', Size: 4 },
      { VolumeType: 'gp2', Size: 20_000 },
      { VolumeType: 'gp9', Size: 4 },
      { VolumeType: 'gp3' },
      { Size: 4, MultiAttachEnabled: true },
    ] as const
    for (const wish of wishes) {
      const { code, message } = await errorOf(create(test, wish as never))
      messages.push(`${code}: ${message}`)
    }
    expect(messages).toEqual([
      'InvalidParameterValue: Volume iops of 2147483647 is too high; maximum is 80000.',
      'InvalidParameterCombination: The parameter iops is not supported for gp2 volumes.',
      'InvalidParameterCombination: The parameter iops must be specified for io2 volumes.',
      'InvalidParameterValue: Iops to volume size ratio of 250.000000 is too high; maximum is 50.',
      'InvalidParameterValue: Volume iops of 100 is too low; minimum is 3000.',
      'InvalidParameterCombination: throughput can only be specified for volumeType gp3.',
      'InvalidParameterValue: Volume of 4GiB is too small; minimum is 125GiB.',
      'InvalidParameterValue: Volume of 20000GiB is too large for volume type gp2; maximum is 16384GiB.',
      "UnknownVolumeType: Unsupported volume type 'gp9' for volume creation.",
      'MissingParameter: The request must contain the parameter Size',
      'InvalidParameterCombination: multiAttach is only supported for io1 and io2 volumes.',
    ])
    expect(test.ec2.status().volumes).toEqual([])
  })

  it('takes one zone, by name or by id', async () => {
    await using test = await startEc2()
    const byId = { AvailabilityZone: undefined, AvailabilityZoneId: 'use1-az3', Size: 1 }
    expect((await create(test, byId)).AvailabilityZone).toBe('us-east-1c')
    expect((await errorOf(create(test, { AvailabilityZone: 'us-east-1z', Size: 1 }))).code).toBe(
      'InvalidZone.NotFound',
    )
    const both = { AvailabilityZoneId: 'use1-az3', Size: 1 }
    expect((await errorOf(create(test, both))).code).toBe('InvalidParameterCombination')
    const none = { AvailabilityZone: undefined, Size: 1 }
    expect((await errorOf(create(test, none))).code).toBe('MissingParameter')
  })

  it('with a token makes one volume, and refuses the token for anything else', async () => {
    await using test = await startEc2()
    const tags = [{ Key: 'a', Value: 'b' }]
    const same = {
      ClientToken: 'token',
      Size: 1,
      TagSpecifications: [{ ResourceType: 'volume' as const, Tags: tags }],
    }
    const { VolumeId: id = '' } = await create(test, same)
    await test.clock.advance(ALL_OVER_MS)
    expect(await create(test, same)).toMatchObject({ VolumeId: id, State: 'available' })
    expect(await errorOf(create(test, { ...same, Size: 2 }))).toMatchObject({
      code: 'IdempotentParameterMismatch',
      message: expect.stringContaining('inconsistent with parameters used in previous request(s)'),
    })
    expect(test.ec2.status().volumes).toHaveLength(1)
    await test.client.send(new DeleteVolumeCommand({ VolumeId: id }))
    await test.clock.advance(ALL_OVER_MS)
    expect((await errorOf(create(test, same))).code).toBe('IdempotentParameterMismatch')
    await test.clock.advance(25 * 3_600_000)
    expect((await create(test, same)).VolumeId).not.toBe(id)
  })
})
