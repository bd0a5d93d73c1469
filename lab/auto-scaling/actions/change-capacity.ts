import { defineQueryAction, type QueryAction } from '../../ec2/wire/define-query-service.ts'
import { flag, integer, text } from '../../ec2/wire/parameters.ts'
import { at } from '../activities.ts'
import type { ScalingContext } from '../context.ts'
import { inProgress, refused } from '../errors.ts'
import { COOLDOWN_MS, type Group } from '../group.ts'
import { findGroup } from './find-group.ts'

const size = integer.refine((value) => value >= 0)

export const capacityActions = (context: ScalingContext): readonly QueryAction[] => [
  defineQueryAction({
    name: 'SetDesiredCapacity',
    parameters: {
      AutoScalingGroupName: text,
      DesiredCapacity: size,
      HonorCooldown: flag.default(false),
    },
    perform({ AutoScalingGroupName, DesiredCapacity: desired, HonorCooldown: honor }) {
      const group = findGroup(context, AutoScalingGroupName)
      if (desired < group.min) refuseDesired(desired, 'below min', group.min)
      if (desired > group.max) refuseDesired(desired, 'above max', group.max)
      if (honor) checkCooldown(context, group)
      desire(context, group, desired, 'explicitly set group desired capacity')
      return undefined
    },
  }),
  defineQueryAction({
    name: 'UpdateAutoScalingGroup',
    parameters: {
      AutoScalingGroupName: text,
      MinSize: size.optional(),
      MaxSize: size.optional(),
      DesiredCapacity: size.optional(),
    },
    perform({ AutoScalingGroupName, MinSize, MaxSize, DesiredCapacity }) {
      const group = findGroup(context, AutoScalingGroupName)
      const min = MinSize ?? group.min
      const max = MaxSize ?? group.max
      if (max < min) {
        throw refused(`Max bound, ${max}, must be greater than or equal to min bound, ${min}`)
      }
      if (DesiredCapacity !== undefined && (DesiredCapacity < min || DesiredCapacity > max)) {
        const words = `Desired capacity:${DesiredCapacity} must be between the specified min size:${min} and max size:${max}`
        throw refused(words)
      }
      const desired = DesiredCapacity ?? Math.min(max, Math.max(min, group.desired))
      group.min = min
      group.max = max
      const limits = `min: ${min}, max: ${max}, desired: ${desired}`
      desire(context, group, desired, `update of AutoScalingGroup constraints to ${limits}`)
      return undefined
    },
  }),
]

function refuseDesired(desired: number, words: string, limit: number): never {
  throw refused(
    `New SetDesiredCapacity value ${desired} is ${words} value ${limit} for the AutoScalingGroup.`,
  )
}

/** Throws ScalingActivityInProgress while one is, and for the cooldown after it. */
function checkCooldown(context: ScalingContext, group: Group): void {
  const nowMs = context.clock.now()
  const blocking = group.activities.all.find(
    ({ endMs }) => endMs === undefined || nowMs - endMs < COOLDOWN_MS,
  )
  if (blocking !== undefined) throw inProgress(blocking)
}

/** Sets the desired capacity and lets the group see to it. */
function desire(context: ScalingContext, group: Group, desired: number, how: string): void {
  if (desired !== group.desired) {
    const change = `changing the desired capacity from ${group.desired} to ${desired}`
    group.differenceBecause = `${at(context.clock.now())} a user request ${how} ${change}.`
    group.replacementsDue = 0
    group.desired = desired
  }
  context.wake(group)
}
