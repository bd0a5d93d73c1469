import { explainApiError } from '../kube/cluster.ts'
import { WatchHub } from '../kube/watch-hub/hub.ts'
import { recordTransitions } from '../kube/watch-hub/record.ts'
import type { Run } from './run.ts'

/**
 * Writes into the run's timeline what happens to its nodes, pods and volumes, until disposed of. The
 * supervisor does so alone: it outlives every worker, and two recorders would write all twice.
 * A cluster that can't be watched is told in the timeline; the run goes on without.
 */
export async function recordCluster(
  { cluster, target, timeline }: Run,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  try {
    const hub = await WatchHub.start(cluster, { namespace: target.namespace, signal })
    const recording = recordTransitions(hub, timeline)
    return {
      [Symbol.asyncDispose]: async () => {
        recording[Symbol.dispose]()
        await hub[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    if (!signal.aborted) {
      timeline.emit({
        kind: 'watch.trouble',
        text: `the cluster can't be watched: ${explainApiError(error)}`,
      })
    }
    return { [Symbol.asyncDispose]: () => Promise.resolve() }
  }
}
