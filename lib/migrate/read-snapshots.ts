import type { Ec2 } from '../aws/ec2.ts'
import type { SnapshotFacts } from './facts.ts'

/** Snapshots that somebody made; one that isn't there is left out. */
export async function readSnapshots(ec2: Ec2, ids: readonly string[]): Promise<SnapshotFacts[]> {
  if (ids.length === 0) return []
  const all = await ec2.listSnapshots()
  return all.flatMap(({ SnapshotId: id = '', VolumeId: volumeId = '', StartTime, State }) =>
    ids.includes(id)
      ? [{ id, volumeId, startedAtMs: StartTime?.getTime() ?? 0, state: State ?? 'unknown' }]
      : [],
  )
}
