import { ApiError, invalidCombination, invalidValue, missingParameter } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { findSnapshot, type Snapshot } from '../snapshots/snapshot.ts'
import type { Volume, VolumeShape, VolumeState } from './volume.ts'
import { shapeOf } from './volume-shape.ts'

interface Wishes {
  readonly sizeGiB: number | undefined
  readonly type: string
  readonly iops: number | undefined
  readonly throughputMiBps: number | undefined
  readonly snapshotId: string | undefined
  readonly encrypted: boolean
  readonly kmsKeyId: string | undefined
  /** How EC2 words a size that is smaller than the snapshot differs by action. */
  readonly tooSmallCode: string
  readonly sizeParameter: string
}

export interface VolumePlan {
  readonly shape: VolumeShape
  readonly snapshot: Snapshot | undefined
  readonly encrypted: boolean
  readonly kmsKeyId: string | undefined
}

/** Checks what a new volume is to be. Throws; changes nothing. */
export function planVolume(context: Ec2Context, wishes: Wishes): VolumePlan {
  const snapshot =
    wishes.snapshotId === undefined ? undefined : findSnapshot(context, wishes.snapshotId)
  if (snapshot !== undefined && snapshot.state.name !== 'completed') {
    const words = `Snapshot ${snapshot.id} is in invalid state - ${snapshot.state.name}`
    throw new ApiError('IncorrectState', words)
  }
  const sizeGiB = wishes.sizeGiB ?? snapshot?.sizeGiB
  if (sizeGiB === undefined) throw missingParameter(wishes.sizeParameter)
  if (snapshot !== undefined && sizeGiB < snapshot.sizeGiB) {
    const words = `snapshot '${snapshot.id}', expect size >= ${snapshot.sizeGiB}GB`
    throw new ApiError(wishes.tooSmallCode, `Volume of size ${sizeGiB}GB is smaller than ${words}`)
  }
  if (wishes.kmsKeyId !== undefined && !wishes.encrypted) {
    throw invalidCombination('The parameter KmsKeyId requires the parameter Encrypted to be set.')
  }
  const { type, iops, throughputMiBps } = wishes
  return {
    shape: shapeOf({ sizeGiB, type, iops, throughputMiBps }),
    snapshot,
    encrypted: wishes.encrypted || (snapshot?.encrypted ?? false),
    kmsKeyId: keyArn(context, wishes.kmsKeyId) ?? snapshot?.kmsKeyId,
  }
}

/** A key is only written down: the lab's disks are not encrypted. */
function keyArn(context: Ec2Context, key: string | undefined): string | undefined {
  if (key === undefined || key.startsWith('arn:')) return key
  if (!/^[\w/-]+$/.test(key)) {
    throw invalidValue(`Value (${key}) for parameter kmsKeyId is invalid.`)
  }
  const resource = key.startsWith('alias/') ? key : `key/${key}`
  return `arn:aws:kms:${context.region}:${context.accountId}:${resource}`
}

export function newVolume(
  context: Ec2Context,
  plan: VolumePlan,
  zone: { readonly name: string; readonly id: string },
  options: {
    readonly state: VolumeState
    readonly tags: ReadonlyMap<string, string>
    readonly stored?: boolean
  },
): Volume {
  const { encrypted } = plan
  const byDefault = `arn:aws:kms:${context.region}:${context.accountId}:alias/aws/ebs`
  const volume: Volume = {
    id: context.newId('vol'),
    sequence: context.nextSequence(),
    zone: zone.name,
    zoneId: zone.id,
    snapshotId: plan.snapshot?.id,
    encrypted,
    kmsKeyId: encrypted ? (plan.kmsKeyId ?? byDefault) : undefined,
    createTimeMs: context.clock.now(),
    tags: new Map(options.tags),
    stored: options.stored ?? true,
    shape: plan.shape,
    state: options.state,
    modification: undefined,
    modifiedAtMs: [],
    made: Promise.withResolvers(),
    work: Promise.resolve(),
    readers: new Set(),
  }
  context.volumes.set(volume.id, volume)
  context.changed({ kind: 'volume', id: volume.id, state: volume.state.name })
  return volume
}
