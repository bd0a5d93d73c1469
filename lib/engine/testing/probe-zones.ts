import type { FaultContext } from '../../faults/fault.ts'
import type { InstanceWish } from '../../faults/instance-plan.ts'
import type { Zone } from '../../model/target.ts'

/** The nodes of zones, as faults of instances want them. */
export function nodesOf(...zones: readonly Zone[]): InstanceWish {
  return {
    subject: `zone/${zones.map(({ name }) => name).join(',')}`,
    nodes: zones.flatMap(({ nodes }) => nodes),
  }
}

/** The pod of the probe set that is on one of these nodes: a zone's, or a wish's. */
export async function podIn(
  { cluster, namespace }: Pick<FaultContext, 'cluster' | 'namespace'>,
  { nodes }: Pick<Zone, 'nodes'>,
): Promise<string> {
  const { items } = await cluster.core.listNamespacedPod({ namespace })
  const pod = items.find(({ spec }) => nodes.some((node) => node.name === spec?.nodeName))
  if (pod?.metadata?.name) return pod.metadata.name
  const names = nodes.map(({ name }) => name).join(', ')
  throw new Error(`No pod of the probe set is on ${names}.`)
}
