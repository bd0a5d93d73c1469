import { createHash } from 'node:crypto'
import {
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeAvailabilityZonesCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  type EC2Client,
  ModifyVolumeCommand,
  type Volume,
  type VolumeType,
} from '@aws-sdk/client-ec2'
import type { StringMap } from '../rpc/messages.ts'
import { poll } from '../rpc/poll.ts'
import { CsiError } from '../rpc/status.ts'
import { asCsiError, ec2Code } from './ec2-errors.ts'

/** What a new volume is to be. */
export interface VolumeWish {
  readonly name: string
  readonly zone: string | undefined
  readonly sizeGiB: number
  readonly type: string
  readonly iops: number | undefined
  readonly throughputMiBps: number | undefined
  readonly encrypted: boolean
  readonly kmsKeyId: string | undefined
  readonly multiAttach: boolean
  readonly snapshotId: string | undefined
  readonly tags: StringMap
}

const NAME_TAG = 'CSIVolumeName'
/** Says that the driver made it; upstream's IAM policy lets it delete nothing else. */
export const DRIVER_TAG = 'ebs.csi.aws.com/cluster'

/** A new volume that EC2 doesn't show after this is taken for gone. */
const SEEN_WITHIN_MS = 15_000
const BACKOFF = { firstMs: 100, factor: 1.5, mostMs: 5000, timeoutMs: 5 * 60_000 }
const VOLUME_ID = /^vol-([0-9a-f]{8}|[0-9a-f]{17})$/
/** So many volumes of one name may have failed or gone before the driver gives up on the name. */
const MOST_TOKENS = 5

/** EBS volumes, by the EC2 API. */
export class Volumes {
  readonly #ec2: EC2Client
  /** Which ClientToken a name has come to; a token stays bound to a volume that failed or is gone. */
  readonly #tokenNumbers = new Map<string, number>()

  constructor(ec2: EC2Client) {
    this.#ec2 = ec2
  }

  /**
   * Makes the volume, or finds the one that an earlier call made, and returns when it is usable.
   * `fits` decides whether a volume of that name that was made with other parameters will do.
   *
   * @throws CsiError ALREADY_EXISTS when the name belongs to a volume that doesn't fit, and EC2's
   *   refusals.
   */
  async create(
    wish: VolumeWish,
    fits: (volume: Volume) => boolean,
    signal: AbortSignal,
  ): Promise<Volume> {
    const zone = wish.zone ?? (await this.#anyZone())
    for (let attempt = 0; attempt < MOST_TOKENS; attempt++) {
      const made = await this.#ask({ ...wish, zone }, fits)
      const volume = made === undefined ? undefined : await this.#untilUsable(made, signal)
      if (volume !== undefined) return volume
      this.#tokenNumbers.set(wish.name, (this.#tokenNumbers.get(wish.name) ?? 1) + 1)
    }
    throw new CsiError('INTERNAL', `Could not create volume "${wish.name}": EC2 failed every time`)
  }

  /** The volume as EC2 describes it, or undefined when there is none, whatever the id looks like. */
  async find(volumeId: string): Promise<Volume | undefined> {
    if (!VOLUME_ID.test(volumeId)) return undefined
    try {
      const answer = await this.#ec2.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }))
      return answer.Volumes?.[0]
    } catch (error) {
      if (ec2Code(error) === 'InvalidVolume.NotFound') return undefined
      throw asCsiError(`Could not get volume with ID "${volumeId}"`, error)
    }
  }

  /** Deletes it; a volume that is gone already is fine. @throws CsiError, when it is attached too. */
  async remove(volumeId: string): Promise<void> {
    if (!VOLUME_ID.test(volumeId)) return
    try {
      await this.#ec2.send(new DeleteVolumeCommand({ VolumeId: volumeId }))
    } catch (error) {
      if (ec2Code(error) === 'InvalidVolume.NotFound') return
      throw asCsiError(`Could not delete volume ID "${volumeId}"`, error)
    }
  }

  /** Grows a volume to at least `sizeGiB` and returns its size; the file system is the node's affair. */
  async grow(volumeId: string, sizeGiB: number, signal: AbortSignal): Promise<number> {
    const volume = await this.find(volumeId)
    if (volume === undefined) throw new CsiError('NOT_FOUND', `Volume "${volumeId}" not found`)
    const nowGiB = volume.Size ?? 0
    if (nowGiB >= sizeGiB) {
      await this.#untilModified(volumeId, signal)
      return nowGiB
    }
    try {
      await this.#ec2.send(new ModifyVolumeCommand({ VolumeId: volumeId, Size: sizeGiB }))
    } catch (error) {
      throw asCsiError(`Could not resize volume "${volumeId}"`, error)
    }
    await this.#untilModified(volumeId, signal)
    return sizeGiB
  }

  async #ask(
    wish: VolumeWish & { readonly zone: string },
    fits: (volume: Volume) => boolean,
  ): Promise<Volume | undefined> {
    try {
      return await this.#ec2.send(
        new CreateVolumeCommand({
          ClientToken: this.#token(wish.name),
          AvailabilityZone: wish.zone,
          Size: wish.sizeGiB,
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- EC2 judges the type
          VolumeType: wish.type as VolumeType,
          Encrypted: wish.encrypted,
          MultiAttachEnabled: wish.multiAttach,
          ...(wish.kmsKeyId === undefined ? {} : { KmsKeyId: wish.kmsKeyId }),
          ...(wish.iops === undefined ? {} : { Iops: wish.iops }),
          ...(wish.throughputMiBps === undefined ? {} : { Throughput: wish.throughputMiBps }),
          ...(wish.snapshotId === undefined ? {} : { SnapshotId: wish.snapshotId }),
          TagSpecifications: [
            {
              ResourceType: 'volume',
              Tags: Object.entries({
                [NAME_TAG]: wish.name,
                [DRIVER_TAG]: 'true',
                ...wish.tags,
              }).map(([Key, Value]) => ({ Key, Value })),
            },
          ],
        }),
      )
    } catch (error) {
      if (ec2Code(error) !== 'IdempotentParameterMismatch') {
        throw asCsiError(`Could not create volume "${wish.name}"`, error)
      }
    }
    return await this.#living(wish, fits)
  }

  /** The usable volume of this name; undefined when the token's volume failed or is gone. */
  async #living(wish: VolumeWish, fits: (volume: Volume) => boolean): Promise<Volume | undefined> {
    const answer = await this.#ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: `tag:${NAME_TAG}`, Values: [wish.name] }] }),
    )
    const living = answer.Volumes?.filter(({ State: state }) => isUsable(state)) ?? []
    if (living.length === 0) return undefined
    const found = living.find(fits)
    if (found !== undefined) return found
    throw new CsiError(
      'ALREADY_EXISTS',
      `Could not create volume "${wish.name}": it exists as ${living[0]?.VolumeId} with other parameters`,
    )
  }

  async #untilUsable(made: Volume, signal: AbortSignal): Promise<Volume | undefined> {
    const volumeId = made.VolumeId
    if (volumeId === undefined) throw new CsiError('INTERNAL', 'EC2 made a volume without an id')
    const untilMs = performance.now() + SEEN_WITHIN_MS
    const found = await poll(`Creating volume "${volumeId}"`, BACKOFF, signal, async () => {
      const volume = await this.find(volumeId)
      // EC2 is eventually consistent: it may not know yet what it has just made.
      if (volume === undefined && performance.now() < untilMs) return undefined
      if (volume === undefined || !isUsable(volume.State)) return { gone: true } as const
      return volume.State === 'creating' ? undefined : { gone: false, volume }
    })
    return found.gone ? undefined : found.volume
  }

  async #untilModified(volumeId: string, signal: AbortSignal): Promise<void> {
    await poll(`Resizing volume "${volumeId}"`, BACKOFF, signal, async () => {
      const state = await this.#modificationState(volumeId)
      if (state === 'failed') {
        throw new CsiError('INTERNAL', `Could not resize volume "${volumeId}": EC2 says it failed`)
      }
      return state === 'modifying' ? undefined : true
    })
  }

  async #modificationState(volumeId: string): Promise<string | undefined> {
    try {
      const answer = await this.#ec2.send(
        new DescribeVolumesModificationsCommand({ VolumeIds: [volumeId] }),
      )
      return answer.VolumesModifications?.at(-1)?.ModificationState
    } catch (error) {
      if (ec2Code(error) === 'InvalidVolumeModification.NotFound') return undefined
      throw asCsiError(`Could not describe modifications of volume "${volumeId}"`, error)
    }
  }

  async #anyZone(): Promise<string> {
    try {
      const answer = await this.#ec2.send(new DescribeAvailabilityZonesCommand({}))
      const zone = answer.AvailabilityZones?.[0]?.ZoneName
      if (zone !== undefined) return zone
    } catch (error) {
      throw asCsiError('Could not get availability zones', error)
    }
    throw new CsiError('INTERNAL', 'Could not get availability zones: EC2 lists none')
  }

  /** Upstream's ClientToken: sha256 of the name, with `-2`, `-3`, … once a token is burned. */
  #token(name: string): string {
    const number = this.#tokenNumbers.get(name)
    const base = number === undefined ? name : `${name}-${number}`
    return createHash('sha256').update(base).digest('hex')
  }
}

const isUsable = (state: string | undefined): boolean =>
  state === 'creating' || state === 'available' || state === 'in-use'
