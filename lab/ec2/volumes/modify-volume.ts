import { defineAction } from '../action.ts'
import { ApiError, invalidValue, unsupported } from '../api-error.ts'
import { flag, integer, text } from '../wire/parameters.ts'
import type { XmlObject } from '../wire/xml.ts'
import { findVolume, type Volume, type VolumeModification, type VolumeShape } from './volume.ts'
import { beginModify } from './volume-lifecycle.ts'
import { shapeOf } from './volume-shape.ts'

/** Four in any 24 hours, and one at a time (since January 2026; before, one in six hours). */
const MODIFICATIONS_PER_DAY = 4
const DAY_MS = 24 * 3_600_000

export const modifyVolume = defineAction({
  name: 'ModifyVolume',
  parameters: {
    VolumeId: text,
    Size: integer.optional(),
    VolumeType: text.optional(),
    Iops: integer.optional(),
    Throughput: integer.optional(),
    MultiAttachEnabled: flag.optional(),
  },
  prepare(parameters, context) {
    const volume = findVolume(context, parameters.VolumeId)
    if (!volume.stored) throw unsupported('The lab can not modify root volumes.')
    if (parameters.MultiAttachEnabled === true) {
      throw unsupported('The lab has no Multi-Attach volumes.')
    }
    const { name } = volume.state
    if (name !== 'available' && name !== 'in-use') {
      throw new ApiError('IncorrectState', `The volume '${volume.id}' is '${name}'.`)
    }
    checkRate(volume, context.clock.now())
    const target = targetShape(volume.shape, parameters)
    return () => {
      const modification: VolumeModification = {
        state: 'modifying',
        original: volume.shape,
        target,
        startMs: context.clock.now(),
        endMs: undefined,
        statusMessage: undefined,
      }
      beginModify(context, volume, modification)
      return { volumeModification: modificationView(volume, modification) }
    }
  },
})

function checkRate(volume: Volume, nowMs: number): void {
  const current = volume.modification?.state
  if (current === 'modifying' || current === 'optimizing') {
    const words = `in modification state ${current.toUpperCase()}`
    throw new ApiError('IncorrectModificationState', `Cannot modify volume ${volume.id} ${words}`)
  }
  volume.modifiedAtMs = volume.modifiedAtMs.filter((atMs) => nowMs - atMs < DAY_MS)
  if (volume.modifiedAtMs.length >= MODIFICATIONS_PER_DAY) {
    throw new ApiError(
      'VolumeModificationRateExceeded',
      "You've reached the maximum modification rate per volume limit. " +
        `A volume can be modified ${MODIFICATIONS_PER_DAY} times in 24 hours.`,
    )
  }
}

interface Wishes {
  readonly Size?: number | undefined
  readonly VolumeType?: string | undefined
  readonly Iops?: number | undefined
  readonly Throughput?: number | undefined
}

/** What isn't mentioned stays as it is, as far as the new type has it. */
function targetShape(current: VolumeShape, wishes: Wishes): VolumeShape {
  const { Size: sizeGiB = current.sizeGiB, VolumeType: type = current.type } = wishes
  if (sizeGiB < current.sizeGiB) {
    throw invalidValue(`New size cannot be smaller than existing size`)
  }
  const canKeep = type === current.type && ['gp3', 'io1', 'io2'].includes(type)
  return shapeOf({
    sizeGiB,
    type,
    iops: wishes.Iops ?? (canKeep ? current.iops : undefined),
    throughputMiBps: wishes.Throughput ?? (canKeep ? current.throughputMiBps : undefined),
  })
}

/** A modification as ModifyVolume and DescribeVolumesModifications show it. */
export function modificationView(volume: Volume, modification: VolumeModification): XmlObject {
  const { original, target, state, endMs } = modification
  const progress = { modifying: 0, optimizing: 50, completed: 100, failed: 0 }[state]
  return {
    volumeId: volume.id,
    modificationState: state,
    statusMessage: modification.statusMessage,
    targetSize: target.sizeGiB,
    targetIops: target.iops,
    targetVolumeType: target.type,
    targetThroughput: target.throughputMiBps,
    targetMultiAttachEnabled: false,
    originalSize: original.sizeGiB,
    originalIops: original.iops,
    originalVolumeType: original.type,
    originalThroughput: original.throughputMiBps,
    originalMultiAttachEnabled: false,
    progress,
    startTime: new Date(modification.startMs),
    endTime: endMs === undefined ? undefined : new Date(endMs),
  }
}
