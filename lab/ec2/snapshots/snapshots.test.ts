import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DescribeSnapshotsCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2 } from '../testing/start-ec2.ts'
import { ALL_OVER_MS, attach, created, launched } from '../testing/volume-steps.ts'

const snapshot = (test: Ec2UnderTest, volumeId: string, name = 's') =>
  test.client.send(
    new CreateSnapshotCommand({
      VolumeId: volumeId,
      Description: 'before <the> migration',
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'Name', Value: name }] }],
    }),
  )
const restore = (test: Ec2UnderTest, snapshotId: string, size?: number) =>
  test.client.send(
    new CreateVolumeCommand({
      AvailabilityZone: 'us-east-1c',
      SnapshotId: snapshotId,
      ...(size && { Size: size }),
    }),
  )

describe('a snapshot', () => {
  it('goes pending, completed, and becomes a volume in another zone', async () => {
    await using test = await startEc2()
    const volumeId = await created(test)
    const instanceId = await launched(test)
    await attach(test, volumeId, instanceId)
    const made = await snapshot(test, volumeId)
    expect(made).toMatchObject({
      State: 'pending',
      VolumeId: volumeId,
      VolumeSize: 1,
      Description: 'before <the> migration',
      OwnerId: '123456789012',
      Progress: '0%',
      Encrypted: false,
      Tags: [{ Key: 'Name', Value: 's' }],
    })
    expect(made.StartTime).toEqual(new Date(test.clock.now()))
    const id = made.SnapshotId ?? ''
    await test.clock.advance(0)
    expect(test.backend.calls.at(-1)).toBe(`snapshot ${volumeId} ${id}`)
    expect(await errorOf(restore(test, id))).toMatchObject({
      code: 'IncorrectState',
      message: `Snapshot ${id} is in invalid state - pending`,
    })

    await test.clock.advance(ALL_OVER_MS)
    const { Snapshots } = await test.client.send(
      new DescribeSnapshotsCommand({ SnapshotIds: [id], OwnerIds: ['self'] }),
    )
    expect(Snapshots).toMatchObject([{ State: 'completed', Progress: '100%' }])
    const volume = await restore(test, id)
    expect(volume).toMatchObject({ Size: 1, SnapshotId: id, AvailabilityZone: 'us-east-1c' })
    await test.clock.advance(0)
    expect(test.backend.calls.at(-1)).toBe(`create ${volume.VolumeId} 1 ${id}`)
  })

  it('is not removed while a volume is made from it, nor its volume while it is made', async () => {
    await using test = await startEc2()
    const volumeId = await created(test)
    const copied = test.backend.holdNext('snapshot')
    const id = (await snapshot(test, volumeId)).SnapshotId ?? ''
    await test.client.send(new DeleteVolumeCommand({ VolumeId: volumeId }))
    await test.clock.advance(ALL_OVER_MS)
    expect(test.backend.disks.has(volumeId)).toBe(true)
    copied()
    await test.clock.advance(ALL_OVER_MS)
    expect(test.backend.disks.has(volumeId)).toBe(false)

    const restored = test.backend.holdNext('create')
    await restore(test, id)
    await test.client.send(new DeleteSnapshotCommand({ SnapshotId: id }))
    await test.clock.advance(ALL_OVER_MS)
    expect(test.backend.images.has(id)).toBe(true)
    restored()
    await test.clock.advance(ALL_OVER_MS)
    expect(test.backend.images.has(id)).toBe(false)
    expect(test.backend.violations).toEqual([])
  })

  it('that fails is in error', async () => {
    await using test = await startEc2()
    const volumeId = await created(test)
    test.backend.failNext('snapshot')
    await snapshot(test, volumeId)
    await test.clock.advance(ALL_OVER_MS)
    const { Snapshots } = await test.client.send(new DescribeSnapshotsCommand({}))
    expect(Snapshots).toMatchObject([
      { State: 'error', StateMessage: 'The disk could not be copied.' },
    ])
  })

  it('is refused where EC2 refuses it', async () => {
    await using test = await startEc2()
    const volumeId = await created(test)
    const id = (await snapshot(test, volumeId)).SnapshotId ?? ''
    await test.clock.advance(ALL_OVER_MS)
    const { VolumeId: big = '' } = await restore(test, id, 3)
    await test.clock.advance(ALL_OVER_MS)
    const bigger = (await snapshot(test, big)).SnapshotId ?? ''
    await test.clock.advance(ALL_OVER_MS)
    expect(await errorOf(restore(test, bigger, 2))).toMatchObject({
      code: 'InvalidParameterValue',
      message: `Volume of size 2GB is smaller than snapshot '${bigger}', expect size >= 3GB`,
    })
    await test.client.send(new DeleteSnapshotCommand({ SnapshotId: id }))
    expect(
      await errorOf(test.client.send(new DeleteSnapshotCommand({ SnapshotId: id }))),
    ).toMatchObject({
      code: 'InvalidSnapshot.NotFound',
      message: `The snapshot '${id}' does not exist.`,
    })
    expect((await errorOf(restore(test, 'snap-zzz'))).code).toBe('InvalidParameterValue')
    const create = test.client.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }),
    )
    const { VolumeId: young = '' } = await create
    expect((await errorOf(snapshot(test, young))).code).toBe('IncorrectState')
  })

  it('is found by volume and by tag, page by page', async () => {
    await using test = await startEc2()
    const [one, other] = [await created(test), await created(test)]
    for (let n = 0; n < 7; n++) await snapshot(test, one, `s${n}`)
    await snapshot(test, other, 'other')
    const of = (volumeId: string) => [{ Name: 'volume-id', Values: [volumeId] }]
    const first = await test.client.send(
      new DescribeSnapshotsCommand({ Filters: of(one), MaxResults: 5 }),
    )
    expect(first.Snapshots).toHaveLength(5)
    const second = await test.client.send(
      new DescribeSnapshotsCommand({
        Filters: of(one),
        MaxResults: 5,
        NextToken: first.NextToken,
      }),
    )
    expect(second.Snapshots?.map(({ Tags }) => Tags?.[0]?.Value)).toEqual(['s5', 's6'])
    const all = await test.client.send(new DescribeSnapshotsCommand({ MaxResults: 0 }))
    expect(all.Snapshots).toHaveLength(8)
    const tagged = [{ Name: 'tag:Name', Values: ['o*'] }]
    const named = await test.client.send(new DescribeSnapshotsCommand({ Filters: tagged }))
    expect(named.Snapshots?.map(({ VolumeId }) => VolumeId)).toEqual([other])
  })
})
