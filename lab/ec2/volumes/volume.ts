import { ApiError, invalidValue } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'

export type AttachmentState =
  | { readonly name: 'attaching' }
  | { readonly name: 'attached' }
  /** Going, but the machine may still have it. */
  | { readonly name: 'detaching' }
  /** The machine has it mounted or open, and won't let go. */
  | { readonly name: 'busy' }

export interface Attachment {
  readonly instanceId: string
  readonly device: string
  readonly attachTimeMs: number
  readonly deleteOnTermination: boolean
  /** The instance's own root disk: the machine layer makes, keeps and removes it. */
  readonly root: boolean
  state: AttachmentState
  /** The block store was told. */
  plugged: boolean
  /** A detach in progress shuts the file system down rather than wait for it. */
  force: boolean
  /** Wakes a detach that waits; set while one is under way. */
  hurry: (() => void) | undefined
}

export type VolumeState =
  | { readonly name: 'creating' }
  | { readonly name: 'available' }
  | { readonly name: 'in-use'; readonly attachment: Attachment }
  | { readonly name: 'deleting' }
  /** The block store failed to make or remove it. */
  | { readonly name: 'error' }

export type VolumeStateName = VolumeState['name']

const NEXT: Readonly<Record<VolumeStateName, readonly VolumeStateName[]>> = {
  creating: ['available', 'error'],
  available: ['in-use', 'deleting'],
  'in-use': ['available', 'error'],
  deleting: ['error'],
  error: ['deleting'],
}

const NEXT_ATTACHMENT: Readonly<
  Record<AttachmentState['name'], readonly AttachmentState['name'][]>
> = {
  attaching: ['attached', 'detaching'],
  attached: ['detaching'],
  detaching: ['busy'],
  busy: ['detaching'],
}

/** What can be asked of a volume and changed by ModifyVolume. */
export interface VolumeShape {
  readonly sizeGiB: number
  readonly type: string
  readonly iops: number | undefined
  readonly throughputMiBps: number | undefined
}

export interface VolumeModification {
  state: 'modifying' | 'optimizing' | 'completed' | 'failed'
  readonly original: VolumeShape
  readonly target: VolumeShape
  readonly startMs: number
  endMs: number | undefined
  statusMessage: string | undefined
}

export interface Volume {
  readonly id: string
  readonly sequence: number
  readonly zone: string
  readonly zoneId: string
  readonly snapshotId: string | undefined
  readonly encrypted: boolean
  readonly kmsKeyId: string | undefined
  readonly createTimeMs: number
  readonly tags: Map<string, string>
  /** False for root volumes, which the block store knows nothing of. */
  readonly stored: boolean
  shape: VolumeShape
  state: VolumeState
  modification: VolumeModification | undefined
  /** Starts of the modifications of the last day. */
  modifiedAtMs: number[]
  /** Whether its disk could be made; known when that is over. */
  readonly made: PromiseWithResolvers<boolean>
  /** The last of the work queued for this volume; never rejects. */
  work: Promise<void>
  /** Snapshots and modifications under way, which removing the disk has to wait for. */
  readonly readers: Set<Promise<void>>
}

const ID = /^vol-([0-9a-f]{8}|[0-9a-f]{17})$/

/** Throws InvalidParameterValue for what is no volume id, or InvalidVolume.NotFound. */
export function findVolume(context: Ec2Context, id: string): Volume {
  if (!ID.test(id)) {
    throw invalidValue(`Value (${id}) for parameter volumeId is invalid. Expected: 'vol-...'.`)
  }
  const volume = context.volumes.get(id)
  if (volume !== undefined) return volume
  throw new ApiError('InvalidVolume.NotFound', `The volume '${id}' does not exist.`)
}

export function findVolumes(context: Ec2Context, ids: readonly string[]): readonly Volume[] {
  return [...new Set(ids)].map((id) => findVolume(context, id))
}

export const attachmentOf = (volume: Volume): Attachment | undefined =>
  volume.state.name === 'in-use' ? volume.state.attachment : undefined

/** Every volume of an instance with its attachment, the root volume first. */
export function attachedTo(
  context: Ec2Context,
  instanceId: string,
): readonly { readonly volume: Volume; readonly attachment: Attachment }[] {
  return [...context.volumes.values()]
    .flatMap((volume) => {
      const attachment = attachmentOf(volume)
      return attachment?.instanceId === instanceId ? [{ volume, attachment }] : []
    })
    .sort((a, b) => Number(b.attachment.root) - Number(a.attachment.root))
}

/** The one place where a volume changes its state; an illegal step is a defect and throws. */
export function setVolumeState(context: Ec2Context, volume: Volume, state: VolumeState): void {
  const from = volume.state.name
  if (!NEXT[from].includes(state.name)) {
    throw new Error(`Volume ${volume.id} can't go from ${from} to ${state.name}.`)
  }
  volume.state = state
  context.changed({ kind: 'volume', id: volume.id, state: state.name })
}

export function setAttachmentState(
  context: Ec2Context,
  volume: Volume,
  attachment: Attachment,
  name: AttachmentState['name'],
): void {
  const from = attachment.state.name
  if (from === name) return
  if (!NEXT_ATTACHMENT[from].includes(name)) {
    throw new Error(`The attachment of ${volume.id} can't go from ${from} to ${name}.`)
  }
  attachment.state = { name }
  context.changed({ kind: 'attachment', id: volume.id, state: name })
}
