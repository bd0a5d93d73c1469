import type { V1Node } from '@kubernetes/client-node'
import { zoneOfNode } from '../kube/volume-affinity.ts'

/**
 * Taints that Kubernetes' controllers put on a node for a condition of it, and take away with that
 * (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/, "Taint based
 * evictions"). That of a cordon comes and goes a moment after it.
 */
const PASSING_TAINTS = new Set([
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
  'node.kubernetes.io/unschedulable',
  'node.kubernetes.io/memory-pressure',
  'node.kubernetes.io/disk-pressure',
  'node.kubernetes.io/pid-pressure',
  'node.kubernetes.io/network-unavailable',
  'node.cloudprovider.kubernetes.io/uninitialized',
  'node.cloudprovider.kubernetes.io/shutdown',
])

const WITH_TAINTS = ' with taints '

/** A node as a leak list has it: its cordon, its zone, its taints. */
export function nodeState(node: V1Node): string {
  const taints = (node.spec?.taints ?? [])
    .map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`)
    .toSorted()
  const isCordoned = node.spec?.unschedulable === true
  const zone = zoneOfNode(node)
  const cordon = `${isCordoned ? 'cordoned' : 'schedulable'}${zone === undefined ? '' : ` in ${zone}`}`
  return withTaints(cordon, taints)
}

/**
 * A node's state from before without the taints that were about to pass and have: a run may begin
 * while a node is still getting well. One that has come since stays a difference.
 */
export function withoutPassedTaints(
  was: string | undefined,
  is: string | undefined,
): string | undefined {
  if (was === undefined || is === undefined) return was
  const [cordon = '', taints = ''] = was.split(WITH_TAINTS)
  const now = new Set(is.split(WITH_TAINTS)[1]?.split(', '))
  const kept = taints
    .split(', ')
    .filter((taint) => taint !== '' && (now.has(taint) || !isPassing(taint)))
  return withTaints(cordon, kept)
}

function isPassing(taint: string): boolean {
  return PASSING_TAINTS.has(taint.split(/[=:]/)[0] ?? '')
}

function withTaints(cordon: string, taints: readonly string[]): string {
  return taints.length === 0 ? cordon : `${cordon}${WITH_TAINTS}${taints.join(', ')}`
}
