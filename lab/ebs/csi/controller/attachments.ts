import {
  AttachVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  type EC2Client,
  type Instance,
  type VolumeAttachment,
} from '@aws-sdk/client-ec2'
import { poll } from '../rpc/poll.ts'
import { CsiError } from '../rpc/status.ts'
import { messageOf } from '../rpc/unknown.ts'
import { DeviceNames } from './device-names.ts'
import { asCsiError, ec2Code } from './ec2-errors.ts'

/** Upstream's growth, from a tenth of its first pause. The caller's deadline usually comes first. */
const BACKOFF = { firstMs: 100, factor: 1.8, mostMs: 5000, timeoutMs: 20 * 60_000 }
/** An attachment that hangs is taken back after this, so that the next call starts afresh. */
const STUCK_ATTACHING_MS = 90_000

/** An attachment that EC2 doesn't show after this has failed. */
const SEEN_WITHIN_MS = 5_000

/** Answers of DetachVolume that say there is nothing left to detach. */
const DETACHED = new Set([
  'IncorrectState',
  'InvalidAttachment.NotFound',
  'InvalidVolume.NotFound',
  'InvalidInstanceID.NotFound',
])

/** Volumes on instances. */
export class Attachments {
  readonly #ec2: EC2Client
  readonly #names = new DeviceNames()

  constructor(ec2: EC2Client) {
    this.#ec2 = ec2
  }

  /**
   * Attaches a volume, or finds it attached, and returns its device name when EC2 says `attached`.
   *
   * @throws CsiError NOT_FOUND, FAILED_PRECONDITION when another instance has it,
   *   RESOURCE_EXHAUSTED at the instance's limit, INTERNAL when EC2 refuses.
   */
  async attach(volumeId: string, instanceId: string, signal: AbortSignal): Promise<string> {
    const listed = await this.#mappings(instanceId)
    const mine = listed.find((mapping) => mapping.Ebs?.VolumeId === volumeId)
    if (mine?.DeviceName !== undefined && mine.Ebs?.Status?.startsWith('attach')) {
      return await this.#untilAttached(volumeId, instanceId, mine.DeviceName, signal)
    }
    if (mine !== undefined) await this.#untilDetached(volumeId, instanceId, signal)
    const device = this.#names.reserve(
      instanceId,
      new Set(listed.flatMap(({ DeviceName: name }) => (name === undefined ? [] : [name]))),
    )
    if (device === undefined) {
      throw new CsiError('RESOURCE_EXHAUSTED', `All device names of node "${instanceId}" are taken`)
    }
    try {
      await this.#ec2.send(
        new AttachVolumeCommand({ Device: device, InstanceId: instanceId, VolumeId: volumeId }),
      )
      return await this.#untilAttached(volumeId, instanceId, device, signal)
    } catch (error) {
      if (/attachment point .* is already in use/i.test(messageOf(error))) {
        this.#names.doubt(instanceId, device)
        throw new CsiError('INTERNAL', `Could not attach volume "${volumeId}": ${String(error)}`)
      }
      throw asCsiError(`Could not attach volume "${volumeId}" to node "${instanceId}"`, error)
    } finally {
      this.#names.release(instanceId, device)
    }
  }

  /** Detaches, never by force, and returns when EC2 no longer lists the attachment. */
  async detach(volumeId: string, instanceId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#ec2.send(new DetachVolumeCommand({ InstanceId: instanceId, VolumeId: volumeId }))
    } catch (error) {
      if (DETACHED.has(ec2Code(error))) return
      throw asCsiError(`Could not detach volume "${volumeId}" from node "${instanceId}"`, error)
    }
    await this.#untilDetached(volumeId, instanceId, signal)
  }

  async #mappings(instanceId: string): Promise<NonNullable<Instance['BlockDeviceMappings']>> {
    try {
      const answer = await this.#ec2.send(
        new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
      )
      const instance = answer.Reservations?.[0]?.Instances?.[0]
      if (instance !== undefined) return instance.BlockDeviceMappings ?? []
    } catch (error) {
      throw asCsiError(`Could not describe node "${instanceId}"`, error)
    }
    throw new CsiError('NOT_FOUND', `Instance "${instanceId}" not found`)
  }

  async #untilAttached(
    volumeId: string,
    instanceId: string,
    device: string,
    signal: AbortSignal,
  ): Promise<string> {
    const what = `Attaching volume "${volumeId}" to node "${instanceId}"`
    const untilMs = performance.now() + SEEN_WITHIN_MS
    return await poll(what, BACKOFF, signal, async () => {
      const attachment = await this.#attachment(volumeId, instanceId).catch(orRetry)
      // EC2 is eventually consistent: it may not show yet what was attached just now.
      if (attachment === undefined && performance.now() < untilMs) return undefined
      if (attachment === undefined) {
        throw new CsiError('INTERNAL', `${what} failed: EC2 lists it as detached`)
      }
      if (attachment.State === 'attached') return attachment.Device ?? device
      const sinceMs = Date.now() - (attachment.AttachTime?.getTime() ?? Date.now())
      if (attachment.State === 'attaching' && sinceMs > STUCK_ATTACHING_MS) {
        await this.#ec2.send(
          new DetachVolumeCommand({ InstanceId: instanceId, VolumeId: volumeId }),
        )
        throw new CsiError('INTERNAL', `${what} hung for more than ${STUCK_ATTACHING_MS / 1000} s`)
      }
      return undefined
    })
  }

  async #untilDetached(volumeId: string, instanceId: string, signal: AbortSignal): Promise<void> {
    await poll(
      `Detaching volume "${volumeId}" from node "${instanceId}"`,
      BACKOFF,
      signal,
      async () => {
        const attachment = await this.#attachment(volumeId, instanceId).catch((error: unknown) => {
          if (error instanceof CsiError && error.code === 'NOT_FOUND') return undefined
          return orRetry(error)
        })
        return attachment === undefined ? true : undefined
      },
    )
  }

  /** @throws CsiError; NOT_FOUND without the volume. */
  async #attachment(volumeId: string, instanceId: string): Promise<VolumeAttachment | undefined> {
    try {
      const answer = await this.#ec2.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }))
      return answer.Volumes?.[0]?.Attachments?.find(
        (attachment) => attachment.InstanceId === instanceId && attachment.State !== 'detached',
      )
    } catch (error) {
      throw asCsiError(`Could not describe volume "${volumeId}"`, error)
    }
  }
}

/** While EC2 can't be reached a wait goes on, until its own deadline. */
function orRetry(error: unknown): VolumeAttachment {
  if (error instanceof CsiError && error.code === 'UNAVAILABLE') return { State: 'busy' }
  throw error
}
