import type { Fault } from './fault.ts'
import { healByUndo } from './fault.ts'
import { type InstancePlan, type InstanceWish, planInstances } from './instance-plan.ts'
import { injectStop, observeStopped, recoveredFromStop } from './stopped-instances.ts'

/**
 * The orderly stop: the OS shuts down, and a kubelet with graceful node shutdown ends its pods,
 * which are then replaced where they can be.
 */
export const stopInstance: Fault<InstanceWish, InstancePlan> = {
  name: 'stop-instance',
  plan: (view, wish) => planInstances(view, 'stop-instance', 'Stop', wish),
  inject: (context, plan) => injectStop(context, plan, 'orderly'),
  observe: observeStopped,
  heal: healByUndo,
  recovered: recoveredFromStop,
}
