import type { SnapshotSize } from '../backend.ts'
import type { Ec2Context } from '../context.ts'
import type { Volume } from '../volumes/volume.ts'
import { diskOf, holding } from '../volumes/volume-lifecycle.ts'
import { setSnapshotState, type Snapshot } from './snapshot.ts'

/** A volume and its new snapshot. */
export interface Pair {
  readonly volume: Volume
  readonly snapshot: Snapshot
}

/**
 * Copies the disks at one instant, and resolves when that is over, because what is written after
 * the answer is in no snapshot. What takes long comes then: `pending` goes on until the blocks that
 * no earlier snapshot has are kept.
 */
export async function beginSnapshots(context: Ec2Context, pairs: readonly Pair[]): Promise<void> {
  const captured = capture(context, pairs)
  for (const { volume, snapshot } of pairs) {
    const parent = parentOf(context, volume, snapshot)
    snapshot.work = context.background.run(`make ${snapshot.id}`, Promise.resolve(), async () => {
      const keeping = keep(context, snapshot, captured, parent)
      if (parent !== undefined) void holding(parent.readers, keeping.then(ignore)).catch(ignore)
      await complete(context, snapshot, keeping)
    })
    void holding(volume.readers, captured).catch(ignore)
  }
  await captured.catch(ignore)
}

async function capture(context: Ec2Context, pairs: readonly Pair[]): Promise<void> {
  await Promise.all(pairs.map(({ volume }) => diskOf(volume)))
  await context.blocks.capture(
    pairs.map(({ volume, snapshot }) => ({ volumeId: volume.id, snapshotId: snapshot.id })),
  )
}

async function keep(
  context: Ec2Context,
  snapshot: Snapshot,
  captured: Promise<void>,
  parent: Snapshot | undefined,
): Promise<SnapshotSize> {
  await captured
  return context.blocks.keep(snapshot.id, parent?.id)
}

async function complete(
  context: Ec2Context,
  snapshot: Snapshot,
  keeping: Promise<SnapshotSize>,
): Promise<void> {
  const lasts = snapshot.state.name === 'pending' ? snapshot.state.untilMs - snapshot.startMs : 0
  const [kept] = await Promise.allSettled([keeping, context.background.wait(lasts)])
  if (!context.snapshots.has(snapshot.id)) return
  if (kept.status === 'fulfilled') {
    const { fullBytes, newBytes } = kept.value
    context.log(`${snapshot.id} holds ${fullBytes} bytes, ${newBytes} of them of its own`)
    const sinceMs = context.clock.now()
    setSnapshotState(context, snapshot, { name: 'completed', sinceMs, size: kept.value })
    return
  }
  setSnapshotState(context, snapshot, { name: 'error', message: 'The disk could not be copied.' })
  throw kept.reason
}

/**
 * The snapshot that a new one shares blocks with: the volume's last, or the one that the volume was
 * made from (source: EBS user guide, "How Amazon EBS snapshots work").
 */
function parentOf(context: Ec2Context, volume: Volume, own: Snapshot): Snapshot | undefined {
  const earlier = [...context.snapshots.values()].filter(
    ({ id, volumeId, state }) =>
      id !== own.id && volumeId === volume.id && state.name === 'completed',
  )
  return earlier.at(-1) ?? context.snapshots.get(volume.snapshotId ?? '')
}

const ignore = (): void => undefined
