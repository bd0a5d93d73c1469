import {
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  DescribeSnapshotsCommand,
  type DescribeSnapshotsCommandInput,
  type EC2Client,
  type Snapshot,
} from '@aws-sdk/client-ec2'
import { CsiError } from '../rpc/status.ts'
import { asCsiError, ec2Code } from './ec2-errors.ts'
import { DRIVER_TAG } from './volumes.ts'

const NAME_TAG = 'CSIVolumeSnapshotName'
const SNAPSHOT_ID = /^snap-([0-9a-f]{8}|[0-9a-f]{17})$/

/** EC2 says InvalidParameterValue to anything else; to CSI it is a snapshot that isn't there. */
export const isSnapshotId = (text: string): boolean => SNAPSHOT_ID.test(text)

/** EBS snapshots, by the EC2 API. */
export class Snapshots {
  readonly #ec2: EC2Client

  constructor(ec2: EC2Client) {
    this.#ec2 = ec2
  }

  /**
   * Starts a snapshot and returns at once, complete or not; the one of that name if it exists.
   *
   * @throws CsiError ALREADY_EXISTS when the name belongs to a snapshot of another volume.
   */
  async create(name: string, volumeId: string): Promise<Snapshot> {
    const [known] = await this.#describe({ Filters: [{ Name: `tag:${NAME_TAG}`, Values: [name] }] })
    if (known?.VolumeId === volumeId) return known
    if (known !== undefined) {
      throw new CsiError(
        'ALREADY_EXISTS',
        `Snapshot ${name} already exists for different volume (${known.VolumeId})`,
      )
    }
    try {
      return await this.#ec2.send(
        new CreateSnapshotCommand({
          VolumeId: volumeId,
          Description: `Created by AWS EBS CSI driver for volume ${volumeId}`,
          TagSpecifications: [
            {
              ResourceType: 'snapshot',
              Tags: [
                { Key: NAME_TAG, Value: name },
                { Key: DRIVER_TAG, Value: 'true' },
              ],
            },
          ],
        }),
      )
    } catch (error) {
      throw asCsiError(`Could not create snapshot "${name}"`, error)
    }
  }

  /** Deletes it; one that is gone already is fine. */
  async remove(snapshotId: string): Promise<void> {
    if (!isSnapshotId(snapshotId)) return
    try {
      await this.#ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }))
    } catch (error) {
      if (ec2Code(error) === 'InvalidSnapshot.NotFound') return
      throw asCsiError(`Could not delete snapshot ID "${snapshotId}"`, error)
    }
  }

  async find(snapshotId: string): Promise<Snapshot | undefined> {
    if (!isSnapshotId(snapshotId)) return undefined
    const [found] = await this.#describe({ SnapshotIds: [snapshotId] })
    return found
  }

  /** The driver's snapshots by id, of one volume or of all. */
  async list(volumeId: string): Promise<readonly Snapshot[]> {
    const found = await this.#describe({
      Filters: [
        { Name: `tag:${DRIVER_TAG}`, Values: ['true'] },
        ...(volumeId === '' ? [] : [{ Name: 'volume-id', Values: [volumeId] }]),
      ],
    })
    return found.toSorted((a, b) => ((a.SnapshotId ?? '') < (b.SnapshotId ?? '') ? -1 : 1))
  }

  async #describe(input: DescribeSnapshotsCommandInput): Promise<readonly Snapshot[]> {
    const found: Snapshot[] = []
    let nextToken: string | undefined
    try {
      do {
        const page = await this.#ec2.send(
          new DescribeSnapshotsCommand({
            ...input,
            ...(nextToken === undefined ? {} : { NextToken: nextToken }),
          }),
        )
        found.push(...(page.Snapshots ?? []))
        nextToken = page.NextToken || undefined
      } while (nextToken !== undefined)
    } catch (error) {
      if (ec2Code(error) === 'InvalidSnapshot.NotFound') return []
      throw asCsiError('Could not describe snapshots', error)
    }
    return found
  }
}
