import { explainApiError } from '../kube/cluster.ts'
import { type HubOptions, WatchHub } from '../kube/watch-hub/hub.ts'
import { recordTransitions } from '../kube/watch-hub/record.ts'
import { fileStem } from './collect.ts'
import type { Run } from './run.ts'

/**
 * Writes into the run's timeline what happens to its nodes, pods and volumes, until disposed of. The
 * supervisor does so alone: it outlives every worker, and two recorders would write all twice.
 * What happens in a file's own namespace, or to a volume that is claimed there, is told as that
 * file's. A cluster that can't be watched is told in the timeline; the run goes on without.
 */
export async function recordCluster(
  { cluster, target, timeline, stages }: Run,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const own = new Map(
    stages
      .flatMap(({ files }) => files)
      .filter(({ namespace }) => namespace !== target.namespace)
      .map(({ namespace, file }) => [namespace, fileStem(file)]),
  )
  const recordings = new AsyncDisposableStack()
  try {
    const record = async (options: HubOptions): Promise<void> => {
      const hub = recordings.use(await WatchHub.start(cluster, { ...options, signal }))
      recordings.use(recordTransitions(hub, timeline, (namespace) => own.get(namespace)))
    }
    await record({ namespace: target.namespace })
    for (const namespace of own.keys()) {
      // Nodes and volumes are in no namespace: one hub sees them all.
      await record({ namespace, kinds: ['pod', 'claim'] })
    }
  } catch (error) {
    if (!signal.aborted) {
      timeline.emit({
        kind: 'watch.trouble',
        text: `the cluster can't be watched: ${explainApiError(error)}`,
      })
    }
  }
  return recordings
}
