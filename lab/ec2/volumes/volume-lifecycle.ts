import type { Ec2Context } from '../context.ts'
import type { Snapshot } from '../snapshots/snapshot.ts'
import { setVolumeState, type Volume, type VolumeModification } from './volume.ts'

/** Makes the disk of a volume that is `creating`: then it is `available`, or `error`. */
export function beginCreate(
  context: Ec2Context,
  volume: Volume,
  snapshot: Snapshot | undefined,
): void {
  volume.work = context.background.run(`create ${volume.id}`, volume.work, async () => {
    const [made] = await Promise.allSettled([
      makeDisk(context, volume, snapshot),
      context.delay('createVolume'),
    ])
    setVolumeState(context, volume, { name: made.status === 'fulfilled' ? 'available' : 'error' })
    if (made.status === 'rejected') throw made.reason
  })
}

export async function makeDisk(
  context: Ec2Context,
  volume: Volume,
  snapshot: Snapshot | undefined,
): Promise<void> {
  const making = context.blocks.create(volume.id, volume.shape.sizeGiB, snapshot?.id)
  try {
    await (snapshot === undefined ? making : holding(snapshot.readers, making))
    volume.made.resolve(true)
  } finally {
    // Has no effect after the line above.
    volume.made.resolve(false)
  }
}

/** Waits for the disk of a volume that came with its instance. Throws when it could not be made. */
export async function diskOf(volume: Volume): Promise<void> {
  if (!(await volume.made.promise)) throw new Error(`The disk of ${volume.id} was never made.`)
}

/** Removes the disk of a volume that nothing uses, and then forgets the volume. */
export function beginDelete(context: Ec2Context, volume: Volume): void {
  setVolumeState(context, volume, { name: 'deleting' })
  volume.work = context.background.run(`delete ${volume.id}`, volume.work, async () => {
    await Promise.all(volume.readers)
    try {
      await Promise.all([context.blocks.remove(volume.id), context.delay('deleteVolume')])
    } catch (error) {
      if (!context.background.closed) setVolumeState(context, volume, { name: 'error' })
      throw error
    }
    forgetVolume(context, volume)
  })
}

export function forgetVolume(context: Ec2Context, volume: Volume): void {
  context.volumes.delete(volume.id)
  context.changed({ kind: 'volume', id: volume.id, state: 'deleted' })
}

/**
 * Modifying → optimizing → completed. The new size and speed hold from `optimizing` on (source:
 * EBS user guide, "Monitor the progress of EBS volume modifications").
 */
export function beginModify(
  context: Ec2Context,
  volume: Volume,
  modification: VolumeModification,
): void {
  volume.modification = modification
  volume.modifiedAtMs.push(modification.startMs)
  const work = context.background.run(`modify ${volume.id}`, Promise.resolve(), async () => {
    const { original, target } = modification
    try {
      await diskOf(volume)
      const grown =
        target.sizeGiB > original.sizeGiB
          ? context.blocks.grow(volume.id, target.sizeGiB)
          : Promise.resolve()
      await Promise.all([grown, context.delay('modifyVolume')])
    } catch (error) {
      modification.state = 'failed'
      modification.statusMessage = 'The disk could not be grown.'
      modification.endMs = context.clock.now()
      throw error
    }
    volume.shape = target
    modification.state = 'optimizing'
    await context.delay('optimizeVolume')
    modification.state = 'completed'
    modification.endMs = context.clock.now()
  })
  void holding(volume.readers, work)
}

/** Keeps `task` in `set` until it is over, however it ends. */
export async function holding(set: Set<Promise<void>>, task: Promise<void>): Promise<void> {
  const quiet = task.catch(() => {})
  set.add(quiet)
  try {
    await task
  } finally {
    set.delete(quiet)
  }
}
