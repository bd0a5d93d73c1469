import type { Ec2Context } from '../context.ts'
import type { Snapshot } from '../snapshots/snapshot.ts'
import { type Attachment, attachmentOf, setAttachmentState, setVolumeState } from './volume.ts'
import type { Volume } from './volume.ts'
import { beginDelete, makeDisk } from './volume-lifecycle.ts'

/** Plugs an available volume into an instance: attaching → attached, or back to available. */
export function beginAttach(context: Ec2Context, volume: Volume, attachment: Attachment): void {
  setVolumeState(context, volume, { name: 'in-use', attachment })
  const { instanceId } = attachment
  const what = `attach ${volume.id} to ${instanceId}`
  volume.work = context.background.run(what, volume.work, async () => {
    await context.delay('attachVolume')
    if (!isAttaching(attachment)) return
    try {
      await plug(context, volume, attachment)
    } catch (error) {
      if (isAttaching(attachment)) letGo(context, volume)
      throw error
    }
  })
}

/**
 * Makes and plugs a volume that a new instance is launched with. Resolves to false when it could
 * not be had: the launch fails with it.
 */
export function beginAttachAtLaunch(
  context: Ec2Context,
  volume: Volume,
  attachment: Attachment,
  snapshot: Snapshot | undefined,
): Promise<boolean> {
  let done = false
  const what = `make ${volume.id} for ${attachment.instanceId}`
  volume.work = context.background.run(what, volume.work, async () => {
    try {
      await makeDisk(context, volume, snapshot)
      await plug(context, volume, attachment)
    } catch (error) {
      if (!context.background.closed) setVolumeState(context, volume, { name: 'error' })
      throw error
    }
    done = true
  })
  return volume.work.then(() => done)
}

async function plug(context: Ec2Context, volume: Volume, attachment: Attachment): Promise<void> {
  await context.blocks.plug(volume.id, attachment.instanceId, attachment.device)
  attachment.plugged = true
  // A detach may have been asked for meanwhile; its turn comes next.
  if (isAttaching(attachment)) setAttachmentState(context, volume, attachment, 'attached')
}

const isAttaching = (attachment: Attachment): boolean => attachment.state.name === 'attaching'

/**
 * Takes a volume away: attached → detaching → gone, or `busy` for as long as the machine has it
 * mounted. Asked again it changes nothing, but `force` makes a detach that waits go through.
 */
export function beginDetach(
  context: Ec2Context,
  volume: Volume,
  attachment: Attachment,
  force: boolean,
): void {
  if (force) attachment.force = true
  if (attachment.state.name === 'detaching' || attachment.state.name === 'busy') {
    if (force) attachment.hurry?.()
    return
  }
  setAttachmentState(context, volume, attachment, 'detaching')
  const what = `detach ${volume.id} from ${attachment.instanceId}`
  volume.work = context.background.run(what, volume.work, async () => {
    let waitMs = context.latencyMs('detachVolume')
    do {
      const woken = Promise.withResolvers<void>()
      attachment.hurry = woken.resolve
      await context.background.waitOr(waitMs, woken.promise)
      waitMs = context.latencyMs('busyRetry')
    } while (!(await unplug(context, volume, attachment)))
    attachment.hurry = undefined
    // Its making may have failed meanwhile, and it is in `error`.
    if (attachmentOf(volume) === attachment) letGo(context, volume)
  })
}

/** One attempt; false while the machine holds on to the disk. */
async function unplug(
  context: Ec2Context,
  volume: Volume,
  attachment: Attachment,
): Promise<boolean> {
  if (!attachment.plugged) return true
  const { instanceId, force } = attachment
  let answer: 'done' | 'busy'
  try {
    answer = await context.blocks.unplug(volume.id, instanceId, { force })
  } catch (error) {
    // A device that can't be taken away stays with its instance, as on EC2; the next look may do it.
    context.log(`detach ${volume.id} from ${instanceId} failed: ${String(error)}`)
    answer = 'busy'
  }
  if (answer === 'done') {
    attachment.plugged = false
    return true
  }
  setAttachmentState(context, volume, attachment, 'busy')
  return false
}

function letGo(context: Ec2Context, volume: Volume): void {
  setVolumeState(context, volume, { name: 'available' })
  context.changed({ kind: 'attachment', id: volume.id, state: 'detached' })
}

/**
 * What becomes of a data volume when its instance's machine is off for good: it is taken away by
 * force, and deleted if it was attached with DeleteOnTermination.
 */
export async function releaseVolume(context: Ec2Context, volume: Volume): Promise<void> {
  const attachment = attachmentOf(volume)
  if (attachment === undefined) return
  beginDetach(context, volume, attachment, true)
  attachment.hurry?.()
  await volume.work
  if (attachment.deleteOnTermination && volume.state.name === 'available') {
    beginDelete(context, volume)
  }
}
