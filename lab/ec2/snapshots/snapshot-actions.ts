import { defineAction } from '../action.ts'
import { ApiError, unsupported } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { tagSet, tagsFor } from '../tags/tag-rules.ts'
import { tagSpecifications, text } from '../wire/parameters.ts'
import type { XmlObject } from '../wire/xml.ts'
import { findVolume, type Volume } from '../volumes/volume.ts'
import { diskOf, holding } from '../volumes/volume-lifecycle.ts'
import { findSnapshot, setSnapshotState, type Snapshot } from './snapshot.ts'

const MAX_DESCRIPTION_LENGTH = 255

export const createSnapshot = defineAction({
  name: 'CreateSnapshot',
  parameters: {
    VolumeId: text,
    Description: text.max(MAX_DESCRIPTION_LENGTH).default(''),
    TagSpecification: tagSpecifications,
  },
  prepare(parameters, context) {
    const volume = findVolume(context, parameters.VolumeId)
    const { name } = volume.state
    if (name !== 'available' && name !== 'in-use') {
      throw new ApiError('IncorrectState', `The volume '${volume.id}' is '${name}'.`)
    }
    if (!volume.stored) throw unsupported('The lab can not make snapshots of root volumes.')
    const tags = tagsFor(parameters.TagSpecification, ['snapshot']).get('snapshot')
    return () => {
      const snapshot: Snapshot = {
        id: context.newId('snap'),
        sequence: context.nextSequence(),
        volumeId: volume.id,
        sizeGiB: volume.shape.sizeGiB,
        description: parameters.Description,
        encrypted: volume.encrypted,
        kmsKeyId: volume.kmsKeyId,
        startMs: context.clock.now(),
        tags: new Map(tags),
        state: { name: 'pending' },
        work: Promise.resolve(),
        readers: new Set(),
      }
      context.snapshots.set(snapshot.id, snapshot)
      context.changed({ kind: 'snapshot', id: snapshot.id, state: 'pending' })
      beginSnapshot(context, volume, snapshot)
      return snapshotView(context, snapshot)
    }
  },
})

/** The disk is copied at once, because a snapshot holds what was there when it was asked for. */
function beginSnapshot(context: Ec2Context, volume: Volume, snapshot: Snapshot): void {
  const copyDisk = async (): Promise<void> => {
    await diskOf(volume)
    await context.blocks.snapshot(volume.id, snapshot.id)
  }
  snapshot.work = context.background.run(`make ${snapshot.id}`, Promise.resolve(), async () => {
    const [copy] = await Promise.allSettled([copyDisk(), context.delay('createSnapshot')])
    if (!context.snapshots.has(snapshot.id)) return
    if (copy.status === 'fulfilled') {
      setSnapshotState(context, snapshot, { name: 'completed', sinceMs: context.clock.now() })
      return
    }
    setSnapshotState(context, snapshot, { name: 'error', message: 'The disk could not be copied.' })
    throw copy.reason
  })
  void holding(volume.readers, snapshot.work)
}

export const deleteSnapshot = defineAction({
  name: 'DeleteSnapshot',
  parameters: { SnapshotId: text },
  prepare(parameters, context) {
    const snapshot = findSnapshot(context, parameters.SnapshotId)
    return () => {
      context.snapshots.delete(snapshot.id)
      context.changed({ kind: 'snapshot', id: snapshot.id, state: 'deleted' })
      const made = Promise.all([snapshot.work, ...snapshot.readers])
      void context.background.run(`delete ${snapshot.id}`, made, () =>
        context.blocks.removeSnapshot(snapshot.id),
      )
      return { return: true }
    }
  },
})

export function snapshotView(context: Ec2Context, snapshot: Snapshot): XmlObject {
  const { state } = snapshot
  return {
    snapshotId: snapshot.id,
    volumeId: snapshot.volumeId,
    status: state.name,
    statusMessage: state.name === 'error' ? state.message : undefined,
    startTime: new Date(snapshot.startMs),
    completionTime: state.name === 'completed' ? new Date(state.sinceMs) : undefined,
    progress: state.name === 'completed' ? '100%' : '0%',
    ownerId: context.accountId,
    volumeSize: snapshot.sizeGiB,
    description: snapshot.description,
    tagSet: tagSet(snapshot.tags),
    encrypted: snapshot.encrypted,
    kmsKeyId: snapshot.kmsKeyId,
    storageTier: 'standard',
  }
}
