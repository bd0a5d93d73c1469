import type { SnapshotFacts } from './facts.ts'

/** The snapshot of a volume that was begun last: the one that it is copied by. */
export function latestSnapshot(
  snapshots: readonly SnapshotFacts[],
  volumeId: string | undefined,
): SnapshotFacts | undefined {
  return snapshots
    .filter((one) => one.volumeId === volumeId)
    .toSorted((a, b) => b.startedAtMs - a.startedAtMs)[0]
}
