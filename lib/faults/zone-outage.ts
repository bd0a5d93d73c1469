import type { Fault, FaultContext } from './fault.ts'
import { healByUndo } from './fault.ts'
import { type InstancePlan, type InstanceWish, planInstances } from './instance-plan.ts'
import { injectStop, observeStopped, recoveredFromStop } from './stopped-instances.ts'

export interface ZoneOutagePlan extends InstancePlan {
  readonly zones: readonly string[]
}

/**
 * What the loss of a zone's power looks like (AWS FIS's scenario is the reference): all its
 * instances go at once, their groups can't replace them, and where the target can do that nothing
 * can be launched in the zone.
 */
export const zoneOutage: Fault<InstanceWish, ZoneOutagePlan> = {
  name: 'zone-outage',
  plan: async (view, wish) => planZones(await planInstances(view, 'zone-outage', VERB, wish)),
  inject: injectOutage,
  observe: observeStopped,
  heal: healByUndo,
  recovered: recoveredFromStop,
}

const VERB = 'Cut the power of all of'

/** Adds the zones that the plan's instances are in. */
export function planZones(plan: InstancePlan): ZoneOutagePlan {
  const zones = [...new Set(plan.instances.map(({ zone }) => zone))]
  return { ...plan, zones, touches: [...zones.map((zone) => `zone/${zone}`), ...plan.touches] }
}

/** Cuts the power, then takes the capacity away: given back first, instances can be started. */
export async function injectOutage(context: FaultContext, plan: ZoneOutagePlan) {
  const { changes } = await injectStop(context, plan, 'power-cut')
  const refused: string[] = []
  for (const zone of plan.zones) refused.push(...(await refuseLaunches(context, zone)))
  return { changes: [...changes, ...refused] }
}

/** @returns journal ids; none where launches can't be made to fail */
export async function refuseLaunches(context: FaultContext, zone: string): Promise<string[]> {
  const { capacity } = context
  if (!capacity) return []
  const { id } = await context.log.change(
    {
      action: `take the capacity of zone ${zone} away`,
      undo: { kind: 'restore-capacity', zone },
    },
    () => capacity.set(zone, false),
  )
  return [id]
}
