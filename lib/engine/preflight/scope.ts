import type { V1Node } from '@kubernetes/client-node'
import { GROUP_TAG } from '../../aws/auto-scaling.ts'
import { instanceIdOf } from '../../kube/node-state.ts'
import type { TargetDescription, Zone } from '../../model/target.ts'
import type { InstanceFact } from './facts.ts'

/** Labels by which managed node groups, and eksctl's own, tell their nodes. */
const GROUP_LABELS = ['eks.amazonaws.com/nodegroup', 'alpha.eksctl.io/nodegroup-name'] as const
const COMPUTE_TYPE = 'eks.amazonaws.com/compute-type'

/** Names of the groups that a node is in: of the node group, and of the Auto Scaling group behind it. */
export function groupsOf(node: V1Node, instances: readonly InstanceFact[] = []): string[] {
  const id = instanceIdOf(node)
  const behind = instances.find((instance) => instance.id === id)?.tags[GROUP_TAG]
  const labels = GROUP_LABELS.flatMap((label) => node.metadata?.labels?.[label] ?? [])
  return [...new Set([...labels, ...(behind === undefined ? [] : [behind])])]
}

/** Whether a node is one that EKS runs by itself: its instance is nobody's to stop. */
export function isEksOwned({ metadata }: V1Node): boolean {
  return ['fargate', 'auto', 'hybrid'].includes(metadata?.labels?.[COMPUTE_TYPE] ?? '')
}

/** The zones with those nodes alone that are in one of the groups; zones without any are left out. */
export function scopedZones(
  { kind, zones }: Pick<TargetDescription, 'kind' | 'zones'>,
  nodes: readonly V1Node[],
  groups: readonly string[],
  instances: readonly InstanceFact[] = [],
): Zone[] {
  const inScope = new Set(
    nodes
      .filter((node) => !isEksOwned(node))
      .filter((node) => kind !== 'eks' || instanceIdOf(node) !== undefined)
      .filter(
        (node) =>
          groups.includes('*') || groupsOf(node, instances).some((group) => groups.includes(group)),
      )
      .flatMap(({ metadata }) => metadata?.name ?? []),
  )
  return zones
    .map(({ name, nodes: all }) => ({ name, nodes: all.filter((node) => inScope.has(node.name)) }))
    .filter((zone) => zone.nodes.length > 0)
}

/** Nodes outside the scope that would take a pod, and their groups. */
export function openOutsiders(nodes: readonly V1Node[], zones: readonly Zone[]): V1Node[] {
  const ours = new Set(zones.flatMap((zone) => zone.nodes.map(({ name }) => name)))
  return nodes.filter(
    (node) =>
      !ours.has(node.metadata?.name ?? '') &&
      node.spec?.unschedulable !== true &&
      !(node.spec?.taints ?? []).some(({ effect }) => effect !== 'PreferNoSchedule'),
  )
}
