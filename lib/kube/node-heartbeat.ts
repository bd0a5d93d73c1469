import { poll } from '../std/poll.ts'
import { type Cluster, statusOf } from './cluster.ts'

/** Where kubelets have their leases, by the names of their nodes. */
const LEASES = 'kube-node-lease'

/** When each node's lease was renewed last, as its own clock says and the API writes it. */
export type Heartbeats = ReadonlyMap<string, string>

/** @returns undefined where the run may not see leases */
export async function readHeartbeats(cluster: Cluster): Promise<Heartbeats | undefined> {
  try {
    const { items } = await cluster.coordination.listNamespacedLease({ namespace: LEASES })
    return new Map(
      // client-node's V1MicroTime is a string, though its type says Date.
      items.map(({ metadata, spec }) => [metadata?.name ?? '', JSON.stringify(spec?.renewTime)]),
    )
  } catch (error) {
    if (statusOf(error) === 403) return undefined
    throw error
  }
}

/**
 * Waits until each of the nodes has renewed its lease since: only then what the API server shows of
 * it, that it is Ready for one, is of this boot and not of the one before.
 *
 * @param before as `readHeartbeats` gave it; undefined waits for nothing
 * @throws WaitTimeoutError that names those that are silent
 */
export async function awaitHeartbeats(
  cluster: Cluster,
  nodes: readonly string[],
  before: Heartbeats | undefined,
  signal?: AbortSignal,
): Promise<void> {
  if (!before || nodes.length === 0) return
  await poll(
    {
      what: `the kubelets of nodes ${nodes.join(', ')} to report`,
      budget: 'nodeReady',
      ...(signal ? { signal } : {}),
    },
    async () => {
      const now = await readHeartbeats(cluster)
      const silent = nodes.filter((name) => now?.get(name) === before.get(name))
      return !now || silent.length === 0
        ? { done: true, value: true }
        : { done: false, seen: `silent: ${silent.join(', ')}` }
    },
  )
}
