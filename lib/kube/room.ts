import type { V1Node, V1Pod, V1PodSpec } from '@kubernetes/client-node'
import { requestOf } from './expected-reasons.ts'
import { quantityOf } from './quantity.ts'

/** Pods that are deployed together and spread over all zones. */
export interface Ring {
  readonly replicas: number
  readonly pod: V1PodSpec
}

/**
 * How many rings fit beside what runs on the nodes, by what their pods request and by what the
 * nodes have to give; each zone gets its share of a ring's pods. Cordoned nodes have no room.
 *
 * @param zones the nodes of each zone
 * @param pods all pods of the cluster
 */
export function ringsThatFit(
  zones: readonly (readonly V1Node[])[],
  pods: readonly V1Pod[],
  { replicas, pod: spec }: Ring,
): number {
  const perZone = Math.ceil(replicas / Math.max(1, zones.length))
  const pod = { spec }
  return Math.min(
    ...zones.map((nodes) => {
      const free = nodes.reduce((sum, node) => sum + podsThatFit(node, pods, pod), 0)
      return Math.floor(free / perZone)
    }),
  )
}

/** Processors that all pods of a ring request together. */
export function cpusOf({ replicas, pod: spec }: Ring): number {
  return replicas * requestOf({ spec }, 'cpu')
}

function podsThatFit(node: V1Node, pods: readonly V1Pod[], pod: V1Pod): number {
  if (node.spec?.unschedulable === true) return 0
  const there = pods.filter(
    ({ spec, status }) =>
      spec?.nodeName === node.metadata?.name &&
      status?.phase !== 'Succeeded' &&
      status?.phase !== 'Failed',
  )
  const rooms = ['cpu', 'memory', 'pods'].flatMap((resource) => {
    const request = requestOf(pod, resource)
    if (request === 0) return []
    const used = there.reduce((sum, item) => sum + requestOf(item, resource), 0)
    return Math.floor((quantityOf(node.status?.allocatable?.[resource] ?? '0') - used) / request)
  })
  return Math.max(0, Math.min(...rooms))
}
