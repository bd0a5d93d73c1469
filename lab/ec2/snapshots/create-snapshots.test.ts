import {
  CreateSnapshotsCommand,
  type CreateSnapshotsCommandInput,
  CreateTagsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { expect, it } from 'vitest'
import { type Ec2UnderTest, errorOf, startEc2 } from '../testing/start-ec2.ts'
import { ALL_OVER_MS, attach, created, launched } from '../testing/volume-steps.ts'

type Wish = Omit<CreateSnapshotsCommandInput, 'InstanceSpecification'> &
  CreateSnapshotsCommandInput['InstanceSpecification']

const snapshots = (test: Ec2UnderTest, { Description, CopyTagsFromSource, ...of }: Partial<Wish>) =>
  test.client.send(
    new CreateSnapshotsCommand({
      Description,
      CopyTagsFromSource,
      InstanceSpecification: { InstanceId: undefined, ...of },
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'set', Value: 'one' }] }],
    }),
  )

/** An instance with two data volumes, the first of them tagged. */
async function withTwoVolumes(test: Ec2UnderTest) {
  const instanceId = await launched(test)
  const volumes = [await created(test), await created(test)] as const
  await attach(test, volumes[0], instanceId, '/dev/sdf')
  await attach(test, volumes[1], instanceId, '/dev/sdg')
  await test.clock.advance(ALL_OVER_MS)
  await test.client.send(
    new CreateTagsCommand({ Resources: [volumes[0]], Tags: [{ Key: 'node', Value: '0' }] }),
  )
  return { instanceId, volumes }
}

it('copies all data volumes of an instance at one instant, with their tags if asked', async () => {
  await using test = await startEc2()
  const { instanceId, volumes } = await withTwoVolumes(test)
  const { Snapshots = [] } = await snapshots(test, {
    InstanceId: instanceId,
    ExcludeBootVolume: true,
    CopyTagsFromSource: 'volume',
    Description: 'the set',
  })
  expect(Snapshots.map(({ VolumeId }) => VolumeId)).toEqual(volumes)
  expect(Snapshots[0]).toMatchObject({
    State: 'pending',
    Progress: '0%',
    Description: 'the set',
    VolumeSize: 1,
    OwnerId: '123456789012',
    StartTime: Snapshots[1]?.StartTime,
    Tags: [
      { Key: 'node', Value: '0' },
      { Key: 'set', Value: 'one' },
    ],
  })
  expect(Snapshots[1]?.Tags).toEqual([{ Key: 'set', Value: 'one' }])
  const pairs = Snapshots.flatMap(({ VolumeId = '', SnapshotId = '' }) => [VolumeId, SnapshotId])
  expect(test.backend.calls.filter((call) => call.startsWith('capture'))).toEqual([
    `capture ${pairs.join(' ')}`,
  ])
  await test.clock.advance(ALL_OVER_MS)
  const found = await test.client.send(
    new DescribeSnapshotsCommand({ Filters: [{ Name: 'tag:set', Values: ['one'] }] }),
  )
  expect(found.Snapshots?.map(({ State }) => State)).toEqual(['completed', 'completed'])

  const rest = await snapshots(test, {
    InstanceId: instanceId,
    ExcludeBootVolume: true,
    ExcludeDataVolumeIds: [volumes[0]],
  })
  expect(rest.Snapshots?.map(({ VolumeId }) => VolumeId)).toEqual([volumes[1]])
})

it('is refused where EC2 refuses it', async () => {
  await using test = await startEc2()
  const { instanceId, volumes } = await withTwoVolumes(test)
  const refused = (wish: Partial<Wish>) =>
    errorOf(snapshots(test, { InstanceId: instanceId, ExcludeBootVolume: true, ...wish }))
  const { Volumes = [] } = await test.client.send(new DescribeVolumesCommand({}))
  const root = Volumes.find(({ Attachments }) => Attachments?.[0]?.Device === '/dev/xvda')
  const loose = await created(test)

  expect((await refused({ ExcludeBootVolume: false })).code).toBe('UnsupportedOperation')
  expect(await refused({ ExcludeDataVolumeIds: [root?.VolumeId ?? ''] })).toMatchObject({
    code: 'InvalidParameterValue',
    message: `Volume '${root?.VolumeId}' is the root volume: exclude it by ExcludeBootVolume.`,
  })
  expect((await refused({ ExcludeDataVolumeIds: [loose] })).message).toMatch('is not attached to')
  expect((await refused({ ExcludeDataVolumeIds: [...volumes] })).message).toMatch('are excluded')
  expect((await refused({ InstanceId: 'i-0123456789abcdef0' })).code).toBe(
    'InvalidInstanceID.NotFound',
  )
  await test.client.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }))
  expect((await refused({})).code).toBe('IncorrectInstanceState')
  expect(test.backend.calls.some((call) => call.startsWith('capture'))).toBe(false)
})
