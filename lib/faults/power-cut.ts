import type { Fault } from './fault.ts'
import { healByUndo } from './fault.ts'
import { type InstancePlan, type InstanceWish, planInstances } from './instance-plan.ts'
import { injectStop, observeStopped, recoveredFromStop } from './stopped-instances.ts'

/**
 * No process gets to say goodbye and nothing is synced: pods stay as they are, Terminating after
 * their eviction, and a StatefulSet replaces none of them.
 */
export const powerCut: Fault<InstanceWish, InstancePlan> = {
  name: 'power-cut',
  plan: (view, wish) => planInstances(view, 'power-cut', 'Cut the power of', wish),
  inject: (context, plan) => injectStop(context, plan, 'power-cut'),
  observe: observeStopped,
  heal: healByUndo,
  recovered: recoveredFromStop,
}
