import type { V1Node } from '@kubernetes/client-node'
import type { Aws } from '../../aws/aws.ts'
import type { Cluster } from '../../kube/cluster.ts'
import { instanceIdOf } from '../../kube/node-state.ts'
import type { TargetDescription, Zone } from '../../model/target.ts'
import { zonesOf } from '../../targets/describe.ts'
import { readInstances } from './read-instances.ts'
import { groupsOf, scopedZones } from './scope.ts'

/**
 * The zones with those of their nodes that a run may touch now: a node that joined one of its
 * groups since, as a terminated instance's replacement does, is one of them. Zones without any are
 * left out.
 *
 * @param aws asked for the Auto Scaling groups of nodes whose labels name no group in scope
 */
export async function liveZones(
  cluster: Cluster,
  target: Pick<TargetDescription, 'kind' | 'scope'>,
  aws: Aws | undefined,
): Promise<Zone[]> {
  const { items: nodes } = await cluster.core.listNode()
  return zonesInScope(nodes, target, aws)
}

/** The same of nodes that were listed already. */
export async function zonesInScope(
  nodes: readonly V1Node[],
  { kind, scope }: Pick<TargetDescription, 'kind' | 'scope'>,
  aws: Aws | undefined,
): Promise<Zone[]> {
  const zones = zonesOf(nodes)
  if (kind === 'lab') return zones
  const groups = scope?.nodeGroups ?? []
  const isNamed = (names: readonly string[]) => names.some((name) => groups.includes(name))
  const unnamed = groups.includes('*')
    ? []
    : nodes.filter((node) => !isNamed(groupsOf(node))).flatMap((node) => instanceIdOf(node) ?? [])
  const instances = aws && unnamed.length > 0 ? await readInstances(aws, unnamed) : []
  return scopedZones({ kind, zones }, nodes, groups, instances)
}
