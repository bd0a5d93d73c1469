import { reachesNodes } from './fault-reach.ts'
import type { ScenarioOptions } from './scenario.ts'

/**
 * What a scenario needs for itself. `deployment`: what its file deployed, and nothing else can tell.
 * `zones`: nodes, instances, subnets or groups too, or the one legacy ring that a person named; every
 * deployment spreads over all zones, so it overlaps with any other.
 */
export type BlastRadius = 'deployment' | 'zones'

/** How far scenarios reach together, by the faults that they declare and by what they need. */
export function radiusOf(
  scenarios: readonly Pick<ScenarioOptions, 'faults' | 'needs'>[],
): BlastRadius {
  const sharesRing = scenarios.some(({ needs }) => needs?.capabilities?.includes('legacy'))
  const isWide = sharesRing || reachesNodes(scenarios.flatMap(({ faults = [] }) => faults))
  return isWide ? 'zones' : 'deployment'
}

/** Whether scenarios of these radii, on deployments of their own, would disturb one another. */
export function radiiOverlap(one: BlastRadius, other: BlastRadius): boolean {
  return one === 'zones' || other === 'zones'
}
