import type { Topology, TopologyRequirement } from '../rpc/messages.ts'
import { DRIVER_NAME } from '../rpc/identity.ts'

export const ZONE_KEY = 'topology.kubernetes.io/zone'
/** The driver's own key from before the well-known one; nodes still carry both. */
export const DRIVER_ZONE_KEY = `topology.${DRIVER_NAME}/zone`

const zoneOf = (topology: Topology): string | undefined =>
  topology.segments[ZONE_KEY] ?? topology.segments[DRIVER_ZONE_KEY]

/** The zone to create a volume in, as upstream picks it: the first preferred, else the first requisite. */
export function pickZone(requirement: TopologyRequirement | null): string | undefined {
  return [...(requirement?.preferred ?? []), ...(requirement?.requisite ?? [])]
    .map(zoneOf)
    .find((zone) => zone !== undefined)
}

/** Whether a volume in `zone` satisfies the requirement. */
export function allowsZone(requirement: TopologyRequirement | null, zone: string): boolean {
  const requisite = requirement?.requisite ?? []
  return requisite.length === 0 || requisite.some((topology) => zoneOf(topology) === zone)
}
