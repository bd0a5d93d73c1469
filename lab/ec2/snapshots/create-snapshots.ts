import { z } from 'zod'
import { defineAction } from '../action.ts'
import { ApiError, invalidValue, unsupported } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { findInstance } from '../instances/instance.ts'
import { isReserved, tagsFor } from '../tags/tag-rules.ts'
import { attachedTo, findVolume, type Volume } from '../volumes/volume.ts'
import { flag, list, tagSpecifications, text } from '../wire/parameters.ts'
import type { Snapshot } from './snapshot.ts'
import { beginSnapshots } from './snapshot-lifecycle.ts'
import { snapshotInfo, snapshotView } from './snapshot-view.ts'

const MAX_DESCRIPTION_LENGTH = 255
/** Source: API reference, InstanceSpecification. */
const MAX_EXCLUDED = 40
/** Source: EBS endpoints and quotas, "Concurrent snapshots per … volume". */
const AT_ONCE: Readonly<Record<string, number>> = { st1: 1, sc1: 1 }
const AT_ONCE_OTHERWISE = 5

const common = {
  Description: text.max(MAX_DESCRIPTION_LENGTH).default(''),
  TagSpecification: tagSpecifications,
}

export const createSnapshot = defineAction({
  name: 'CreateSnapshot',
  parameters: { VolumeId: text, ...common },
  prepare({ VolumeId, Description, TagSpecification }, context) {
    const volume = findVolume(context, VolumeId)
    checkVolume(context, volume)
    const tags = tagsFor(TagSpecification, ['snapshot']).get('snapshot')
    return async () => {
      const snapshot = newSnapshot(context, volume, Description, new Map(tags))
      const answer = snapshotView(context, snapshot)
      await beginSnapshots(context, [{ volume, snapshot }])
      return answer
    }
  },
})

/** A snapshot of each volume of an instance, all of the same instant. */
export const createSnapshots = defineAction({
  name: 'CreateSnapshots',
  parameters: {
    InstanceSpecification: z.strictObject({
      InstanceId: text,
      ExcludeBootVolume: flag.default(false),
      ExcludeDataVolumeId: list(text).default([]),
    }),
    CopyTagsFromSource: z.enum(['volume']).optional(),
    ...common,
  },
  prepare({ InstanceSpecification, Description, TagSpecification, CopyTagsFromSource }, context) {
    const volumes = chosenVolumes(context, InstanceSpecification)
    for (const volume of volumes) checkVolume(context, volume)
    const tags = tagsFor(TagSpecification, ['snapshot']).get('snapshot') ?? new Map()
    return async () => {
      const pairs = volumes.map((volume) => {
        const copied =
          CopyTagsFromSource === undefined
            ? []
            : [...volume.tags].filter(([key]) => !isReserved(key))
        const all = new Map([...copied, ...tags])
        return { volume, snapshot: newSnapshot(context, volume, Description, all) }
      })
      const answer = { snapshotSet: pairs.map(({ snapshot }) => snapshotInfo(context, snapshot)) }
      await beginSnapshots(context, pairs)
      return answer
    }
  },
})

function chosenVolumes(
  context: Ec2Context,
  wanted: {
    readonly InstanceId: string
    readonly ExcludeBootVolume: boolean
    readonly ExcludeDataVolumeId: readonly string[]
  },
): readonly Volume[] {
  const instance = findInstance(context, wanted.InstanceId)
  const { name } = instance.state
  if (name !== 'running' && name !== 'stopped' && name !== 'stopping') {
    const words = `The instance '${instance.id}' is '${name}', and must be running or stopped.`
    throw new ApiError('IncorrectInstanceState', words)
  }
  const excluded = wanted.ExcludeDataVolumeId.map((id) => findVolume(context, id).id)
  if (excluded.length > MAX_EXCLUDED) {
    throw invalidValue(`At most ${MAX_EXCLUDED} volumes can be excluded.`)
  }
  const attached = attachedTo(context, instance.id)
  for (const id of excluded) {
    const found = attached.find(({ volume }) => volume.id === id)
    if (found === undefined) {
      throw invalidValue(`Volume '${id}' is not attached to instance '${instance.id}'.`)
    }
    if (found.attachment.root) {
      throw invalidValue(`Volume '${id}' is the root volume: exclude it by ExcludeBootVolume.`)
    }
  }
  const volumes = attached
    .filter(({ attachment }) => !(attachment.root && wanted.ExcludeBootVolume))
    .map(({ volume }) => volume)
    .filter(({ id }) => !excluded.includes(id))
  if (volumes.length > 0) return volumes
  throw invalidValue(`All volumes of instance '${instance.id}' are excluded.`)
}

/** Throws what EC2 says of a volume that no snapshot can be made of now. */
function checkVolume(context: Ec2Context, volume: Volume): void {
  const { name } = volume.state
  if (name !== 'available' && name !== 'in-use') {
    throw new ApiError('IncorrectState', `The volume '${volume.id}' is '${name}'.`)
  }
  if (!volume.stored) throw unsupported('The lab can not make snapshots of root volumes.')
  const pending = [...context.snapshots.values()].filter(
    ({ volumeId, state }) => volumeId === volume.id && state.name !== 'completed',
  )
  if (pending.length < (AT_ONCE[volume.shape.type] ?? AT_ONCE_OTHERWISE)) return
  throw new ApiError(
    'ConcurrentSnapshotLimitExceeded',
    `Maximum allowed in-progress snapshots for a single volume exceeded.`,
  )
}

function newSnapshot(
  context: Ec2Context,
  volume: Volume,
  description: string,
  tags: Map<string, string>,
): Snapshot {
  const startMs = context.clock.now()
  const snapshot: Snapshot = {
    id: context.newId('snap'),
    sequence: context.nextSequence(),
    volumeId: volume.id,
    sizeGiB: volume.shape.sizeGiB,
    description,
    encrypted: volume.encrypted,
    kmsKeyId: volume.kmsKeyId,
    startMs,
    tags,
    state: { name: 'pending', untilMs: startMs + context.latencyMs('createSnapshot') },
    work: Promise.resolve(),
    readers: new Set(),
  }
  context.snapshots.set(snapshot.id, snapshot)
  context.changed({ kind: 'snapshot', id: snapshot.id, state: 'pending' })
  return snapshot
}
