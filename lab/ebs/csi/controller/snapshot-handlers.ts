import type { Snapshot } from '@aws-sdk/client-ec2'
import type { InFlight } from '../rpc/in-flight.ts'
import type { CreateSnapshotRequest, ListSnapshotsRequest } from '../rpc/messages.ts'
import type { Handlers } from '../rpc/server.ts'
import { CsiError, invalid } from '../rpc/status.ts'
import { bytesOf } from './capacity.ts'
import type { Snapshots } from './snapshots.ts'

/** The snapshot calls of the Controller service. A page's token is the id of its last snapshot. */
export function snapshotHandlers(
  snapshots: Snapshots,
  inFlight: InFlight,
  requireVolume: (volumeId: string) => Promise<void>,
): Handlers {
  return {
    async CreateSnapshot(request: CreateSnapshotRequest) {
      if (request.name === '') throw invalid('Snapshot name not provided')
      if (request.sourceVolumeId === '') throw invalid('Snapshot volume source ID not provided')
      for (const key of Object.keys(request.parameters)) {
        if (!key.startsWith('csi.storage.k8s.io/volumesnapshot')) {
          throw invalid(`Invalid parameter key ${key} for CreateSnapshot`)
        }
      }
      return await inFlight.run(request.name, async () => {
        await requireVolume(request.sourceVolumeId)
        return { snapshot: describe(await snapshots.create(request.name, request.sourceVolumeId)) }
      })
    },

    async DeleteSnapshot(request: { snapshotId: string }) {
      if (request.snapshotId === '') throw invalid('Snapshot ID not provided')
      await inFlight.run(request.snapshotId, () => snapshots.remove(request.snapshotId))
      return {}
    },

    async ListSnapshots(request: ListSnapshotsRequest) {
      if (request.maxEntries < 0) throw invalid('Max entries must not be negative')
      if (request.snapshotId !== '') {
        const found = await snapshots.find(request.snapshotId)
        return { entries: found === undefined ? [] : [{ snapshot: describe(found) }] }
      }
      const all = await snapshots.list(request.sourceVolumeId)
      const start = all.findIndex(({ SnapshotId: id }) => id === request.startingToken) + 1
      if (request.startingToken !== '' && start === 0) {
        throw new CsiError('ABORTED', `The starting token "${request.startingToken}" is not known`)
      }
      const end = request.maxEntries === 0 ? all.length : start + request.maxEntries
      const page = all.slice(start, end)
      return {
        entries: page.map((snapshot) => ({ snapshot: describe(snapshot) })),
        nextToken: end < all.length ? (page.at(-1)?.SnapshotId ?? '') : '',
      }
    },
  }
}

function describe(snapshot: Snapshot) {
  const startMs = snapshot.StartTime?.getTime() ?? 0
  return {
    snapshotId: snapshot.SnapshotId,
    sourceVolumeId: snapshot.VolumeId,
    sizeBytes: bytesOf(snapshot.VolumeSize ?? 0),
    creationTime: {
      seconds: Math.floor(startMs / 1000),
      nanos: (startMs % 1000) * 1_000_000,
    },
    readyToUse: snapshot.State === 'completed',
  }
}
