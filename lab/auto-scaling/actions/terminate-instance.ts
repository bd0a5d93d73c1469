import { defineQueryAction, type QueryAction } from '../../ec2/wire/define-query-service.ts'
import { flag, text } from '../../ec2/wire/parameters.ts'
import { at } from '../activities.ts'
import type { ScalingContext } from '../context.ts'
import { refused } from '../errors.ts'
import { capacityOf } from '../group.ts'
import { terminateMember } from '../terminate-member.ts'
import { activityView, checkSettled, findMember } from './find-group.ts'

export const terminateActions = (context: ScalingContext): readonly QueryAction[] => [
  defineQueryAction({
    name: 'TerminateInstanceInAutoScalingGroup',
    parameters: { InstanceId: text, ShouldDecrementDesiredCapacity: flag },
    perform({ InstanceId, ShouldDecrementDesiredCapacity: decrement }) {
      const { group, member } = findMember(context, InstanceId)
      checkSettled(member)
      if (decrement && group.desired <= group.min) {
        throw refused(
          `Currently, desiredSize equals minSize (${group.min}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.`,
        )
      }
      const capacity = capacityOf(group)
      const shrinking = decrement
        ? `, shrinking the capacity from ${capacity} to ${capacity - 1}`
        : ''
      const cause = `instance ${InstanceId} was taken out of service in response to a user request${shrinking}.`
      if (decrement) group.desired -= 1
      const now = at(context.clock.now())
      // The user's own wish: a suspended Terminate is about what the group does by itself.
      const activity = terminateMember(context, group, member, `${now} ${cause}`)
      context.wake(group)
      return { Activity: activityView(group, activity) }
    },
  }),
]
