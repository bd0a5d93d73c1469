import { planCordon } from '../faults/cordon-zone.ts'
import type { Cluster } from '../kube/cluster.ts'
import type { FaultName } from '../model/scenario.ts'
import type { Zone } from '../model/target.ts'

/** What a fault would hit, by name. */
export interface PlannedFault {
  readonly fault: FaultName
  /** What it does, and whether to one or all of the objects at a time. */
  readonly text: string
  readonly hits: readonly {
    readonly kind: 'Node' | 'Pod'
    readonly name: string
    readonly zone?: string
    /** What is special about it: it is cordoned already. */
    readonly note?: string
  }[]
}

interface Scope {
  /** Undefined when there is none yet; then there are no zones either. */
  readonly cluster: Cluster | undefined
  readonly zones: readonly Zone[]
  readonly pods: readonly string[]
}

const PLANS: Readonly<Record<FaultName, (scope: Scope) => Promise<PlannedFault>>> = {
  'cordon-zone': async ({ cluster, zones }) => ({
    fault: 'cordon-zone',
    text: 'cordons the nodes of one zone at a time, sees a canary pod refused, and opens them again',
    hits: cluster ? await nodesOf(cluster, zones) : [],
  }),
  'delete-pod': ({ pods }) =>
    Promise.resolve({
      fault: 'delete-pod',
      text: 'deletes pods that the run made, one or all at a time',
      hits: pods.map((name) => ({ kind: 'Pod', name })),
    }),
}

/** What faults would hit on a cluster, without injecting any. */
export async function planFaults(
  faults: readonly FaultName[],
  scope: Scope,
): Promise<PlannedFault[]> {
  return Promise.all([...new Set(faults)].map((fault) => PLANS[fault](scope)))
}

async function nodesOf(cluster: Cluster, zones: readonly Zone[]): Promise<PlannedFault['hits']> {
  const plans = await Promise.all(zones.map((zone) => planCordon(cluster, zone)))
  return plans.flatMap(({ zone, nodes }) =>
    nodes.map(({ name, wasUnschedulable }) => ({
      kind: 'Node' as const,
      name,
      zone,
      ...(wasUnschedulable ? { note: 'cordoned already, and stays so' } : {}),
    })),
  )
}
