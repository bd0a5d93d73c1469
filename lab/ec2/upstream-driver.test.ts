import { createHash } from 'node:crypto'
import {
  AttachVolumeCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteSnapshotCommand,
  DeleteTagsCommand,
  DeleteVolumeCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  DescribeVolumeStatusCommand,
  DetachVolumeCommand,
  ModifyVolumeCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { errorOf, startEc2 } from './testing/start-ec2.ts'
import { launched } from './testing/volume-steps.ts'

const NAME_TAG = 'CSIVolumeName'
const clientToken = createHash('sha256').update('pvc-1').digest('hex')
const volumeTags = {
  ResourceType: 'volume' as const,
  Tags: [
    { Key: NAME_TAG, Value: 'pvc-1' },
    { Key: 'ebs.csi.aws.com/cluster', Value: 'true' },
  ],
}

/** The calls and the fields of `pkg/cloud/cloud.go` of aws-ebs-csi-driver 1.64, in its order. */
describe('what the upstream EBS driver does', () => {
  it('probes, and learns the limit of IOPS from an error', async () => {
    await using test = await startEc2()
    const probe = test.client.send(new DescribeAvailabilityZonesCommand({ DryRun: true }))
    expect(await errorOf(probe)).toMatchObject({ code: 'DryRunOperation', status: 412 })
    const dryRun = (VolumeType: 'gp3' | 'io2' | 'gp2') =>
      errorOf(
        test.client.send(
          new CreateVolumeCommand({
            VolumeType,
            Size: 4,
            Iops: 2 ** 31 - 1,
            DryRun: true,
            AvailabilityZone: 'us-east-1a',
            TagSpecifications: [
              { ResourceType: 'volume', Tags: [{ Key: NAME_TAG, Value: 'IopsLimitDryRun' }] },
            ],
          }),
        ),
      )
    const limit = /volume iops.*is too high.*maximum is (\d+)/i
    expect(limit.exec((await dryRun('gp3')).message)?.[1]).toBe('80000')
    expect(limit.exec((await dryRun('io2')).message)?.[1]).toBe('256000')
    expect((await dryRun('gp2')).message).toContain('parameter iops is not supported')
  })

  it('makes, attaches, grows, detaches and deletes a volume', async () => {
    await using test = await startEc2()
    const { client, clock } = test
    const instanceId = await launched(test)
    const request = {
      ClientToken: clientToken,
      Size: 1,
      VolumeType: 'gp3' as const,
      Encrypted: false,
      MultiAttachEnabled: false,
      AvailabilityZone: 'us-east-1a',
      TagSpecifications: [volumeTags],
    }
    const created = await client.send(new CreateVolumeCommand(request))
    expect(created.Size).toBe(1)
    expect(created.OutpostArn).toBeUndefined()
    const id = created.VolumeId ?? ''
    const volume = async () =>
      (await client.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0]
    await clock.advance(1250)
    expect((await volume())?.State).toBe('available')

    const byName = { Filters: [{ Name: `tag:${NAME_TAG}`, Values: ['pvc-0', 'pvc-1'] }] }
    const found = await client.send(new DescribeVolumesCommand(byName))
    expect(
      found.Volumes?.map((one) => one.Tags?.find(({ Key }) => Key === NAME_TAG)?.Value),
    ).toEqual(['pvc-1'])
    expect(found.NextToken).toBeUndefined()

    const described = await client.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }))
    const instance = described.Reservations?.[0]?.Instances?.[0]
    expect(instance).toMatchObject({ InstanceId: instanceId, InstanceType: 't3.medium' })
    expect(instance?.BlockDeviceMappings?.map(({ DeviceName }) => DeviceName)).toEqual([
      '/dev/xvda',
    ])
    const types = await client.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: ['t3.medium'] }),
    )
    expect(types.InstanceTypes?.[0]?.EbsInfo?.MaximumEbsCards).toBe(1)

    const attach = { VolumeId: id, InstanceId: instanceId, Device: '/dev/xvdaa' }
    await client.send(new AttachVolumeCommand(attach))
    await clock.advance(1800)
    expect(await volume()).toMatchObject({
      State: 'in-use',
      MultiAttachEnabled: false,
      Attachments: [{ State: 'attached', InstanceId: instanceId, Device: '/dev/xvdaa' }],
    })
    expect((await volume())?.Attachments?.[0]?.AttachTime).toBeInstanceOf(Date)
    const status = await client.send(new DescribeVolumeStatusCommand({ VolumeIds: [id] }))
    expect(status.VolumeStatuses?.[0]?.VolumeStatus?.Details).toContainEqual({
      Name: 'initialization-state',
      Status: 'completed',
    })

    const modifications = () =>
      client.send(new DescribeVolumesModificationsCommand({ VolumeIds: [id] }))
    expect((await errorOf(modifications())).code).toBe('InvalidVolumeModification.NotFound')
    await client.send(new ModifyVolumeCommand({ VolumeId: id, Size: 2 }))
    await clock.advance(1000)
    const { VolumesModifications: done } = await modifications()
    expect(done?.at(-1)?.ModificationState).toMatch(/^(optimizing|completed)$/)
    expect((await volume())?.Size).toBe(2)

    await client.send(
      new CreateTagsCommand({ Resources: [id], Tags: [{ Key: 'team', Value: 'x' }] }),
    )
    await client.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'team' }] }))
    expect((await volume())?.Tags).toEqual(volumeTags.Tags)

    const detach = () =>
      client.send(new DetachVolumeCommand({ VolumeId: id, InstanceId: instanceId }))
    await detach()
    await clock.advance(1800)
    expect(await volume()).toMatchObject({ State: 'available', Attachments: [] })
    expect((await errorOf(detach())).code).toBe('IncorrectState')
    await client.send(new DeleteVolumeCommand({ VolumeId: id }))
    await clock.advance(1000)
    expect((await errorOf(volume())).message).toContain(id)
    expect((await errorOf(client.send(new CreateVolumeCommand(request)))).code).toBe(
      'IdempotentParameterMismatch',
    )
  })

  it('makes and finds snapshots', async () => {
    await using test = await startEc2()
    const { client, clock } = test
    const { VolumeId: volumeId = '' } = await client.send(
      new CreateVolumeCommand({ AvailabilityZone: 'us-east-1a', Size: 1 }),
    )
    await clock.advance(1000)
    const tag = { Key: 'CSIVolumeSnapshotName', Value: 'snapshot-1' }
    const made = await client.send(
      new CreateSnapshotCommand({
        VolumeId: volumeId,
        TagSpecifications: [{ ResourceType: 'snapshot', Tags: [tag] }],
        Description: `Created by AWS EBS CSI driver for volume ${volumeId}`,
      }),
    )
    expect(made).toMatchObject({ VolumeId: volumeId, VolumeSize: 1, State: 'pending' })
    expect(made.StartTime).toBeInstanceOf(Date)
    await clock.advance(2000)
    const byName = { Filters: [{ Name: `tag:${tag.Key}`, Values: [tag.Value] }] }
    const { Snapshots } = await client.send(new DescribeSnapshotsCommand(byName))
    expect(Snapshots).toMatchObject([{ SnapshotId: made.SnapshotId, State: 'completed' }])
    const SnapshotId = made.SnapshotId ?? ''
    await client.send(new DeleteSnapshotCommand({ SnapshotId, DryRun: false }))
    const gone = client.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }))
    expect((await errorOf(gone)).code).toBe('InvalidSnapshot.NotFound')
  })
})
