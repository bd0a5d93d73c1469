import type { Ec2Context } from '../context.ts'
import { tagSet } from '../tags/tag-rules.ts'
import type { XmlObject } from '../wire/xml.ts'
import { progressOf, type Snapshot } from './snapshot.ts'

/** A snapshot as CreateSnapshot and DescribeSnapshots show it. */
export function snapshotView(context: Ec2Context, snapshot: Snapshot): XmlObject {
  const { state } = snapshot
  return {
    ...common(context, snapshot),
    status: state.name,
    statusMessage: state.name === 'error' ? state.message : undefined,
    completionTime: state.name === 'completed' ? new Date(state.sinceMs) : undefined,
    fullSnapshotSizeInBytes: state.name === 'completed' ? state.size.fullBytes : undefined,
    kmsKeyId: snapshot.kmsKeyId,
    storageTier: 'standard',
  }
}

/** A snapshot as CreateSnapshots shows it: with less, and another name for its state. */
export const snapshotInfo = (context: Ec2Context, snapshot: Snapshot): XmlObject => ({
  ...common(context, snapshot),
  state: snapshot.state.name,
})

const common = (context: Ec2Context, snapshot: Snapshot): XmlObject => ({
  snapshotId: snapshot.id,
  volumeId: snapshot.volumeId,
  startTime: new Date(snapshot.startMs),
  progress: progressOf(context, snapshot),
  ownerId: context.accountId,
  volumeSize: snapshot.sizeGiB,
  description: snapshot.description,
  tagSet: tagSet(snapshot.tags),
  encrypted: snapshot.encrypted,
})
