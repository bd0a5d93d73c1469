import type { FaultContext } from '../../faults/fault.ts'
import type { InstanceWish } from '../../faults/instance-plan.ts'
import type { Zone } from '../../model/target.ts'

/** Where a fault is tried: three zones, each with a pod of the probe set. */
export interface CrashSite {
  readonly context: FaultContext
  readonly zones: readonly [Zone, Zone, Zone]
  /** Tells that the fault is in effect: a step at which to be killed too. */
  readonly observed: () => void
}

/** The nodes of zones, as faults of instances want them. */
export function nodesOf(...zones: readonly Zone[]): InstanceWish {
  return {
    subject: `zone/${zones.map(({ name }) => name).join(',')}`,
    nodes: zones.flatMap(({ nodes }) => nodes),
  }
}

/** The pod of the probe set that is in a zone. */
export async function podIn(
  { cluster, namespace }: FaultContext,
  { name, nodes }: Zone,
): Promise<string> {
  const { items } = await cluster.core.listNamespacedPod({ namespace })
  const pod = items.find(({ spec }) => nodes.some((node) => node.name === spec?.nodeName))
  if (!pod?.metadata?.name) throw new Error(`Zone ${name} has no pod of the probe set.`)
  return pod.metadata.name
}
