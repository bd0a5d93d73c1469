import { ApiError, invalidValue } from '../api-error.ts'
import type { SnapshotSize } from '../backend.ts'
import type { Ec2Context } from '../context.ts'

export type SnapshotState =
  /** `untilMs`: when its time is up, unless its blocks take longer. */
  | { readonly name: 'pending'; readonly untilMs: number }
  | { readonly name: 'completed'; readonly sinceMs: number; readonly size: SnapshotSize }
  | { readonly name: 'error'; readonly message: string }

export interface Snapshot {
  readonly id: string
  readonly sequence: number
  readonly volumeId: string
  readonly sizeGiB: number
  readonly description: string
  readonly encrypted: boolean
  readonly kmsKeyId: string | undefined
  readonly startMs: number
  readonly tags: Map<string, string>
  state: SnapshotState
  /** Making it; never rejects. */
  work: Promise<void>
  /** Volumes that are being made from it, which removing it has to wait for. */
  readonly readers: Set<Promise<void>>
}

const ID = /^snap-([0-9a-f]{8}|[0-9a-f]{17})$/

/** Throws InvalidParameterValue for what is no snapshot id, or InvalidSnapshot.NotFound. */
export function findSnapshot(context: Ec2Context, id: string): Snapshot {
  if (!ID.test(id)) {
    throw invalidValue(`Value (${id}) for parameter snapshotId is invalid. Expected: 'snap-...'.`)
  }
  const snapshot = context.snapshots.get(id)
  if (snapshot !== undefined) return snapshot
  throw new ApiError('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`)
}

export function setSnapshotState(
  context: Ec2Context,
  snapshot: Snapshot,
  state: SnapshotState,
): void {
  if (snapshot.state.name !== 'pending') {
    throw new Error(`Snapshot ${snapshot.id} can't go from ${snapshot.state.name} any further.`)
  }
  snapshot.state = state
  context.changed({ kind: 'snapshot', id: snapshot.id, state: state.name })
}

/** As EC2 shows it: `37%`. It says 100% of what is completed alone. */
export function progressOf(context: Ec2Context, { startMs, state }: Snapshot): string {
  if (state.name === 'completed') return '100%'
  if (state.name === 'error') return '0%'
  const share = (context.clock.now() - startMs) / (state.untilMs - startMs)
  return `${Math.min(99, Math.floor(100 * share))}%`
}
