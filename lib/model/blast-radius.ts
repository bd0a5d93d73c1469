import type { FaultName, ScenarioOptions } from './scenario.ts'

/**
 * What a scenario needs for itself. `deployment`: what its file deployed, and nothing else can tell.
 * `zones`: nodes, instances, subnets or groups too; every deployment spreads over all zones, so
 * it overlaps with any other.
 */
export type BlastRadius = 'deployment' | 'zones'

/** How far each fault reaches, its healing included. */
export const FAULT_RADIUS: Readonly<Record<FaultName, BlastRadius>> = {
  'cordon-zone': 'zones',
  'drain-zone': 'zones',
  'delete-pod': 'deployment',
  'kill-process': 'deployment',
  'pause-process': 'deployment',
  'stop-instance': 'zones',
  'power-cut': 'zones',
  'out-of-service': 'zones',
  'terminate-instance': 'zones',
  'reboot-instance': 'zones',
  // The volume is one deployment's own, but it is put back with its node cordoned.
  'detach-volume': 'zones',
  'zone-outage': 'zones',
  'two-zone-outage': 'zones',
  'zone-partition': 'zones',
  'capacity-outage': 'zones',
}

/** How far scenarios reach together, by the faults that they declare; they inject no others. */
export function radiusOf(scenarios: readonly Pick<ScenarioOptions, 'faults'>[]): BlastRadius {
  const faults = scenarios.flatMap((options) => options.faults ?? [])
  return faults.some((fault) => FAULT_RADIUS[fault] === 'zones') ? 'zones' : 'deployment'
}

/** Whether scenarios of these radii, on deployments of their own, would disturb one another. */
export function radiiOverlap(one: BlastRadius, other: BlastRadius): boolean {
  return one === 'zones' || other === 'zones'
}
