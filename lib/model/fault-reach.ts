import type { FaultName } from './scenario.ts'

/**
 * How many nodes a fault may hit at once, at most: none but what the run made itself, one, all of a
 * zone, or all of two.
 */
export type FaultReach = 'pods' | 'node' | 'zone' | 'two-zones'

/** Of faults that a scenario may aim at a pod's node as well as at a zone the greater. */
const FAULT_REACH: Readonly<Record<FaultName, FaultReach>> = {
  'cordon-zone': 'zone',
  'drain-zone': 'zone',
  'delete-pod': 'pods',
  'kill-process': 'pods',
  'pause-process': 'pods',
  'stop-instance': 'zone',
  'power-cut': 'zone',
  'out-of-service': 'node',
  'terminate-instance': 'node',
  'reboot-instance': 'zone',
  // The volume is one deployment's own, but it is put back with its node cordoned.
  'detach-volume': 'node',
  'zone-outage': 'zone',
  'two-zone-outage': 'two-zones',
  'zone-partition': 'zone',
  'capacity-outage': 'zone',
}

/** Whether one of these faults, its healing included, reaches beyond the pods that the run made. */
export function reachesNodes(faults: readonly FaultName[]): boolean {
  return faults.some((fault) => FAULT_REACH[fault] !== 'pods')
}

/**
 * The most nodes that one of these faults may hit at once.
 *
 * @param zoneSizes nodes in scope, of each zone
 */
export function nodesHit(faults: readonly FaultName[], zoneSizes: readonly number[]): number {
  const [first = 0, second = 0] = zoneSizes.toSorted((a, b) => b - a)
  const counts: Readonly<Record<FaultReach, number>> = {
    pods: 0,
    node: Math.min(1, first),
    zone: first,
    'two-zones': first + second,
  }
  return Math.max(0, ...faults.map((fault) => counts[FAULT_REACH[fault]]))
}
