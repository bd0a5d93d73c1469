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
    expect(test.backend.calls.slice(-2)).toEqual([`capture ${volumeId} ${id}`, `keep ${id}`])
    expect(await errorOf(restore(test, id))).toMatchObject({
      code: 'IncorrectState',
      message: `Snapshot ${id} is in invalid state - pending`,
    })

    await test.clock.advance(ALL_OVER_MS)
    const { Snapshots } = await test.client.send(
      new DescribeSnapshotsCommand({ SnapshotIds: [id], OwnerIds: ['self'] }),
    )
    expect(Snapshots).toMatchObject([
      { State: 'completed', Progress: '100%', FullSnapshotSizeInBytes: 2 ** 20 },
    ])
    const volume = await restore(test, id)
    expect(volume).toMatchObject({ Size: 1, SnapshotId: id, AvailabilityZone: 'us-east-1c' })
    await test.clock.advance(0)
    expect(test.backend.calls.at(-1)).toBe(`create ${volume.VolumeId} 1 ${id}`)
  })

  it('is not removed while a volume is made from it, nor its volume while it is made', async () => {
    await using test = await startEc2()
    const volumeId = await created(test)
    const copied = test.backend.holdNext('capture')
    const making = snapshot(test, volumeId)
    await expect.poll(() => test.backend.calls.at(-1)).toMatch('capture')
    await test.client.send(new DeleteVolumeCommand({ VolumeId: volumeId }))
    await test.clock.advance(ALL_OVER_MS)
    expect(test.backend.disks.has(volumeId)).toBe(true)
    copied()
    const id = (await making).SnapshotId ?? ''
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
    for (const call of ['capture', 'keep'] as const) {
      test.backend.failNext(call)
      const { SnapshotId: id = '' } = await snapshot(test, volumeId)
      await test.clock.advance(ALL_OVER_MS)
      const { Snapshots } = await test.client.send(
        new DescribeSnapshotsCommand({ SnapshotIds: [id] }),
      )
      expect(Snapshots).toMatchObject([
        { State: 'error', StateMessage: 'The disk could not be copied.', Progress: '0%' },
      ])
      await test.client.send(new DeleteSnapshotCommand({ SnapshotId: id }))
    }
    expect(test.backend.violations).toEqual([])
  })

  it('is answered when the disk is copied, and makes progress until its blocks are kept', async () => {
    await using test = await startEc2({ latencyMs: { createSnapshot: [1000, 1000] } })
    const volumeId = await created(test)
    const copied = test.backend.holdNext('capture')
    let answered = false
    const call = snapshot(test, volumeId).then((made) => ((answered = true), made))
    await expect.poll(() => test.backend.calls.at(-1)).toMatch('capture')
    await test.clock.advance(0)
    expect(answered).toBe(false)
    const kept = test.backend.holdNext('keep')
    copied()
    const { SnapshotId: id = '' } = await call
    const progress = async (value: string) => {
      const { Snapshots } = await test.client.send(
        new DescribeSnapshotsCommand({ Filters: [{ Name: 'progress', Values: [value] }] }),
      )
      return Snapshots?.map((one) => [one.SnapshotId, one.State])
    }
    await test.clock.advance(370)
    expect(await progress('37%')).toEqual([[id, 'pending']])
    await test.clock.advance(ALL_OVER_MS)
    expect(await progress('99%')).toEqual([[id, 'pending']])
    kept()
    await test.clock.advance(0)
    expect(await progress('100%')).toEqual([[id, 'completed']])
  })

  it('shares blocks with the one before, or with the one that its volume came from', async () => {
    await using test = await startEc2()
    const volumeId = await created(test)
    const next = async (of: string) => {
      const { SnapshotId: id = '' } = await snapshot(test, of)
      await test.clock.advance(ALL_OVER_MS)
      return id
    }
    const first = await next(volumeId)
    const second = await next(volumeId)
    expect(test.backend.calls.at(-1)).toBe(`keep ${second} ${first}`)
    const { VolumeId: copy = '' } = await restore(test, first)
    await test.clock.advance(ALL_OVER_MS)
    const ofCopy = await next(copy)
    expect(test.backend.calls.at(-1)).toBe(`keep ${ofCopy} ${first}`)
    expect(test.log).toContain(`${ofCopy} holds 1048576 bytes, 524288 of them of its own`)

    const held = test.backend.holdNext('keep')
    await snapshot(test, copy)
    await test.client.send(new DeleteSnapshotCommand({ SnapshotId: ofCopy }))
    await test.clock.advance(ALL_OVER_MS)
    held()
    await test.clock.advance(ALL_OVER_MS)
    expect(test.backend.images.has(ofCopy)).toBe(false)
    expect(test.backend.violations).toEqual([])
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
    await test.clock.advance(ALL_OVER_MS)
    for (let n = 0; n < 5; n++) await snapshot(test, young)
    expect(await errorOf(snapshot(test, young))).toMatchObject({
      code: 'ConcurrentSnapshotLimitExceeded',
    })
  })

  it('is found by volume and by tag, page by page', async () => {
    await using test = await startEc2()
    const [one, other] = [await created(test), await created(test)]
    for (let n = 0; n < 7; n++) {
      await snapshot(test, one, `s${n}`)
      await test.clock.advance(ALL_OVER_MS)
    }
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
