import type { QueryAction } from '../ec2/wire/define-query-service.ts'
import { describeActions } from './actions/describe-groups.ts'
import { activityActions } from './actions/describe-activities.ts'
import { capacityActions } from './actions/change-capacity.ts'
import { healthActions } from './actions/set-instance-health.ts'
import { membershipActions } from './actions/change-membership.ts'
import { processActions } from './actions/suspend-processes.ts'
import { terminateActions } from './actions/terminate-instance.ts'
import type { ScalingContext } from './context.ts'

/** Every action that the Auto Scaling API has. */
export const scalingActions = (context: ScalingContext): readonly QueryAction[] => [
  ...describeActions(context),
  ...activityActions(context),
  ...processActions(context),
  ...healthActions(context),
  ...capacityActions(context),
  ...terminateActions(context),
  ...membershipActions(context),
]
