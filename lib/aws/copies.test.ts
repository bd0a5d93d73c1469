import { beforeAll, expect, test } from 'vitest'
import { awaitSnapshot, beginSnapshot, deleteCopies, volumeFrom } from './copies.ts'
import {
  loadRequestCheck,
  refuseWrongRequests,
  type RequestCheck,
} from './testing/check-request.ts'
import { type Answer, DONE, scriptedEc2 } from './testing/scripted-ec2.ts'

let check: RequestCheck

beforeAll(async () => {
  check = await loadRequestCheck('@aws-sdk/client-ec2')
})

const tag = (key: string, value: string): string =>
  `<item><key>zonefall.io/${key}</key><value>${value}</value></item>`
const tagged = `<tagSet>${tag('token', 't')}${tag('copy-of', 'vol-1')}</tagSet>`
const snapshots = (...states: readonly string[]): Answer => ({
  xml: `<snapshotSet>${states
    .map(
      (state, n) =>
        `<item><snapshotId>snap-${n}</snapshotId><volumeId>vol-1</volumeId><status>${state}</status><progress>40%</progress>${n === 0 ? tagged : ''}</item>`,
    )
    .join('')}</snapshotSet>`,
})
const volumes = (...states: readonly string[]): Answer => ({
  xml: `<volumeSet>${states
    .map(
      (state, n) =>
        `<item><volumeId>vol-${n}</volumeId><status>${state}</status>${n === 0 ? tagged : ''}</item>`,
    )
    .join('')}</volumeSet>`,
})
const instance: Answer = {
  xml: `<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping>${[
    ['xvda', 'vol-root'],
    ['sdf', 'vol-1'],
    ['sdg', 'vol-other'],
  ]
    .map(
      ([device, id]) =>
        `<item><deviceName>/dev/${device}</deviceName><ebs><volumeId>${id}</volumeId></ebs></item>`,
    )
    .join('')}</blockDeviceMapping></item></instancesSet></item></reservationSet>`,
}

test('a volume is copied by requests that are as the model says, and once', async () => {
  await using scripted = await scriptedEc2(
    {
      DescribeSnapshots: [
        snapshots(),
        snapshots('pending'),
        snapshots('pending'),
        snapshots('completed'),
      ],
      DescribeInstances: [instance],
      CreateSnapshots: [{ xml: '<snapshotSet/>' }],
      CreateVolume: [{ xml: '<volumeId>vol-9</volumeId><status>creating</status>' }],
      DescribeVolumes: [volumes(), volumes('creating'), volumes('available')],
    },
    0,
  )
  const { ec2, calls } = scripted
  refuseWrongRequests(ec2.client, check)
  const disk = { instanceId: 'i-1', volumeId: 'vol-1' }
  await beginSnapshot(ec2, disk, 't')
  await beginSnapshot(ec2, disk, 't')
  const progress: string[] = []
  const snapshot = await awaitSnapshot(ec2, 'vol-1', 't', (text) => progress.push(text))
  expect(progress).toEqual(['40%'])
  const shape = { zone: 'us-east-1b', type: 'gp3', iops: 3000, throughputMiBps: 125, tags: {} }
  expect(await volumeFrom(ec2, snapshot, 't', shape)).toBe('vol-9')
  expect(calls.filter((call) => call.startsWith('Create'))).toEqual([
    'CreateSnapshots',
    'CreateVolume',
  ])
})

test('a volume that an earlier try made is taken, whatever became of its snapshot', async () => {
  const shape = { zone: 'us-east-1b', type: 'gp3', tags: {} }
  const from = (answers: Parameters<typeof scriptedEc2>[0]) => scriptedEc2(answers, 0)
  {
    await using scripted = await from({ DescribeVolumes: [volumes('available')] })
    refuseWrongRequests(scripted.ec2.client, check)
    expect(await volumeFrom(scripted.ec2, { VolumeId: 'vol-1' }, 't', shape)).toBe('vol-0')
  }
  const elsewhere = `<volumeSet><item><volumeId>vol-0</volumeId><availabilityZone>us-east-1a</availabilityZone><status>available</status>${tagged}</item></volumeSet>`
  await using there = await from({ DescribeVolumes: [{ xml: elsewhere }] })
  await expect(volumeFrom(there.ec2, { VolumeId: 'vol-1' }, 't', shape)).rejects.toThrow(
    'vol-0, the copy of vol-1, was made in us-east-1a by an earlier try, and is to be in us-east-1b now.',
  )
  const older = `<volumeSet><item><volumeId>vol-0</volumeId><snapshotId>snap-0</snapshotId><status>available</status>${tagged}</item></volumeSet>`
  await using other = await from({ DescribeVolumes: [{ xml: older }] })
  await expect(
    volumeFrom(other.ec2, { SnapshotId: 'snap-1', VolumeId: 'vol-1' }, 't', shape),
  ).rejects.toThrow(
    'vol-0, the copy of vol-1, was made of snap-0 by an earlier try, and is to be of snap-1 now.',
  )
  await using spent = await from({
    DescribeVolumes: [volumes('deleting')],
    CreateVolume: [{ error: 'IdempotentParameterMismatch' }],
  })
  await expect(
    volumeFrom(spent.ec2, { SnapshotId: 'snap-0', VolumeId: 'vol-1' }, 't', shape),
  ).rejects.toThrow('it was deleted since')
})

test('a snapshot that fails is not waited for', async () => {
  await using scripted = await scriptedEc2({ DescribeSnapshots: [snapshots('error')] }, 0)
  await expect(awaitSnapshot(scripted.ec2, 'vol-1', 't')).rejects.toThrow('Snapshot snap-0 failed')
})

test('of what is there only what carries the token is deleted, and nothing that is attached', async () => {
  await using scripted = await scriptedEc2(
    {
      DescribeSnapshots: [snapshots('completed', 'completed'), snapshots('completed'), snapshots()],
      DescribeVolumes: [
        volumes('in-use', 'available'),
        volumes('in-use', 'available'),
        volumes('available', 'available'),
        volumes(),
      ],
      DeleteSnapshot: [DONE],
      DeleteVolume: [DONE],
    },
    0,
  )
  refuseWrongRequests(scripted.ec2.client, check)
  await deleteCopies(scripted.ec2, 't')
  const changes = scripted.calls.filter((call) => !call.startsWith('Describe'))
  expect(changes).toEqual(['DeleteSnapshot', 'DeleteVolume vol-0'])
})

test('a backup of a copy that was given its tags is nobody’s to delete', async () => {
  const backup = `<snapshotSet><item><snapshotId>snap-9</snapshotId><volumeId>vol-0</volumeId><status>completed</status>${tagged}</item></snapshotSet>`
  await using scripted = await scriptedEc2(
    {
      DescribeSnapshots: [{ xml: backup }],
      DescribeVolumes: [volumes('available'), volumes('available'), volumes()],
      DeleteVolume: [DONE],
    },
    0,
  )
  await deleteCopies(scripted.ec2, 't')
  expect(scripted.calls.filter((call) => !call.startsWith('Describe'))).toEqual([
    'DeleteVolume vol-0',
  ])
})
