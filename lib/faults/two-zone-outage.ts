import { InconclusiveError } from '../model/errors.ts'
import type { Fault } from './fault.ts'
import { healByUndo } from './fault.ts'
import { type InstanceWish, planInstances } from './instance-plan.ts'
import { observeStopped, recoveredFromStop } from './stopped-instances.ts'
import { injectOutage, planZones, type ZoneOutagePlan } from './zone-outage.ts'

/**
 * A zone outage of two zones or more by one call, so that no zone outlives another: what was not synced
 * is lost in all of them at once.
 */
export const twoZoneOutage: Fault<InstanceWish, ZoneOutagePlan> = {
  name: 'two-zone-outage',
  plan: async (view, wish) => {
    const plan = planZones(
      await planInstances(view, 'two-zone-outage', 'Cut the power, at once, of all of', wish),
    )
    if (plan.zones.length < 2) {
      throw new InconclusiveError(`Two zones or more are to fail, but ${wish.subject} is one.`)
    }
    return plan
  },
  inject: injectOutage,
  observe: observeStopped,
  heal: healByUndo,
  recovered: recoveredFromStop,
}
