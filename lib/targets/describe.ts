import type { V1Node } from '@kubernetes/client-node'
import { Cluster, explainApiError, statusOf } from '../kube/cluster.ts'
import { instanceIdOf } from '../kube/node-state.ts'
import { PreflightError } from '../model/errors.ts'
import type { Zone } from '../model/target.ts'
import { BUDGETS } from '../std/budgets.ts'

const ZONE_LABEL = 'topology.kubernetes.io/zone'

/** What any cluster says about itself. */
export interface ClusterFacts {
  readonly zones: readonly Zone[]
  readonly kubernetesVersion: string
  /** UID of the namespace kube-system: names the cluster for good. */
  readonly clusterUid: string
}

/**
 * Asks a cluster who it is and which zones its nodes are in. Nodes without a zone label belong to
 * no zone and are left alone.
 *
 * @throws PreflightError when it can't be reached, refuses, or has no node with a zone label.
 */
export async function describeCluster(kubeconfig: string, context: string): Promise<ClusterFacts> {
  const cluster = await Cluster.connect({
    kubeconfig,
    context,
    callTimeoutMs: BUDGETS.apiReachable,
  })
  const server = cluster.kubeconfig.getCurrentCluster()?.server ?? '?'
  const [{ gitVersion }, system, { items: nodes }] = await reach(server, context, () =>
    Promise.all([
      cluster.version.getCode(),
      cluster.core.readNamespace({ name: 'kube-system' }),
      cluster.core.listNode(),
    ]),
  )
  const zones = zonesOf(nodes)
  if (zones.length === 0) {
    throw new PreflightError(
      `No node of context ${context} has the label ${ZONE_LABEL}, so it has no zones to lose.`,
      {
        hint: `kubectl --context ${context} label node NODE ${ZONE_LABEL}=ZONE names the zone of each node.`,
        evidence: { nodes: nodes.map((node) => node.metadata?.name) },
      },
    )
  }
  return { zones, kubernetesVersion: gitVersion, clusterUid: system.metadata?.uid ?? '' }
}

/** The zones of nodes, by their label. */
export function zonesOf(nodes: readonly V1Node[]): Zone[] {
  const zones = new Map<string, { name: string; instanceId?: string }[]>()
  for (const node of nodes) {
    const zone = node.metadata?.labels?.[ZONE_LABEL]
    const name = node.metadata?.name
    if (zone === undefined || zone === '' || name === undefined) continue
    const instanceId = instanceIdOf(node)
    const entry = instanceId === undefined ? { name } : { name, instanceId }
    zones.set(zone, [...(zones.get(zone) ?? []), entry])
  }
  return [...zones]
    .map(([name, entries]) => ({
      name,
      nodes: entries.toSorted((a, b) => a.name.localeCompare(b.name)),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

async function reach<T>(server: string, context: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const status = statusOf(error)
    if (status === 401 || status === 403) {
      throw new PreflightError(
        `The cluster of context ${context} refuses these credentials: ${explainApiError(error)}.`,
        {
          cause: error,
          hint: `kubectl --context ${context} auth whoami shows who they are; zonefall needs to list nodes and namespaces.`,
        },
      )
    }
    throw new PreflightError(
      `The API server ${server} of context ${context} can't be reached: ${explainApiError(error)}.`,
      { cause: error, hint: `kubectl --context ${context} get nodes should work first.` },
    )
  }
}
