import {
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumesModificationsCommand,
  DescribeVolumeStatusCommand,
  ModifyVolumeCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2 } from '../testing/start-ec2.ts'
import { ALL_OVER_MS, attach, created, launched, shown } from '../testing/volume-steps.ts'

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
