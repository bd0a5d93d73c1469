import { z } from 'zod'
import { defineQueryAction, type QueryAction } from '../../ec2/wire/define-query-service.ts'
import { flag, text } from '../../ec2/wire/parameters.ts'
import { at } from '../activities.ts'
import { type ScalingContext, ec2StateOf } from '../context.ts'
import { refused } from '../errors.ts'
import { joined } from '../follow-ec2.ts'
import { capacityOf, type Group, type Member } from '../group.ts'
import { GROUP_TAG } from '../launch-member.ts'
import { activityView, checkSettled, findGroup } from './find-group.ts'

/** API reference: at most 20 instances in one call. */
const ids = z
  .array(text)
  .min(1)
  .max(20)
  .transform((all) => [...new Set(all)])

export const membershipActions = (context: ScalingContext): readonly QueryAction[] => [
  defineQueryAction({
    name: 'DetachInstances',
    parameters: {
      AutoScalingGroupName: text,
      InstanceIds: ids,
      ShouldDecrementDesiredCapacity: flag,
    },
    perform({ AutoScalingGroupName, InstanceIds, ShouldDecrementDesiredCapacity: decrement }) {
      const group = findGroup(context, AutoScalingGroupName)
      const members = InstanceIds.map((id) => memberOf(group, id))
      for (const member of members) checkSettled(member)
      if (decrement && group.desired - members.length < group.min) {
        refuseSize(group, 'detach', members.length)
      }
      const activities = members.map((member) => detach(context, group, member, decrement))
      context.wake(group)
      return { Activities: activities.map((activity) => activityView(group, activity)) }
    },
  }),
  defineQueryAction({
    name: 'AttachInstances',
    parameters: { AutoScalingGroupName: text, InstanceIds: ids },
    perform({ AutoScalingGroupName, InstanceIds }) {
      const group = findGroup(context, AutoScalingGroupName)
      const places = InstanceIds.map((id) => placeOf(context, group, id))
      if (group.desired + places.length > group.max) refuseSize(group, 'attach', places.length)
      for (const place of places) attach(context, group, place)
      context.wake(group)
      return undefined
    },
  }),
]

type Place = Pick<Member, 'instanceId' | 'instanceType' | 'zone'>

function memberOf(group: Group, id: string): Member {
  const member = group.members.get(id)
  if (member !== undefined) return member
  throw refused(`The instance ${id} is not part of Auto Scaling group ${group.name}.`)
}

/** Throws ValidationError when an instance can't be in the group. */
function placeOf(context: ScalingContext, group: Group, instanceId: string): Place {
  const found = context.ec2.snapshot().instances.find((one) => one.instanceId === instanceId)
  if (found === undefined) throw refused(`Invalid Instance ID(s): [${instanceId}] specified`)
  const owner = [...context.groups.values()].find(({ members }) => members.has(instanceId))
  if (owner !== undefined) {
    throw refused(`Instance ${instanceId} is already part of AutoScalingGroup:${owner.name}`)
  }
  if (found.state !== 'running') {
    throw refused(
      `Instance ${instanceId} is not in correct state. Instance(s) must be in 'running' state.`,
    )
  }
  const zone = group.zones.find(({ name }) => name === found.zone)
  if (zone !== undefined) return { instanceId, instanceType: found.type, zone }
  throw refused(`Instance ${instanceId} is in ${found.zone}, which is no zone of ${group.name}`)
}

function refuseSize(group: Group, verb: string, count: number): never {
  const { name, min, max, desired } = group
  const sizes = `min-size=${min}, max-size=${max}, and desired-size=${desired}`
  throw refused(
    `AutoScalingGroup ${name} has ${sizes}. To ${verb} ${count} instance${count === 1 ? '' : 's'}, please update the AutoScalingGroup sizes appropriately.`,
  )
}

function detach(context: ScalingContext, group: Group, member: Member, decrement: boolean) {
  const { instanceId, zone } = member
  const capacity = capacityOf(group)
  const shrinking = decrement ? `, shrinking the capacity from ${capacity} to ${capacity - 1}` : ''
  const activity = group.activities.begin({
    description: `Detaching EC2 instance: ${instanceId}`,
    cause: `${at(context.clock.now())} instance ${instanceId} was detached in response to a user request${shrinking}.`,
    place: { zone: zone.name, subnetId: zone.subnetId },
  })
  member.lifecycle = 'Detaching'
  member.activity = activity
  if (decrement) group.desired -= 1
  later(context, group, `detach ${instanceId}`, () => {
    group.activities.succeed(activity)
    group.members.delete(instanceId)
    if (ec2StateOf(context, instanceId) !== 'terminated') {
      context.ec2.setServiceTags(instanceId, { [GROUP_TAG]: undefined })
    }
  })
  return activity
}

function attach(context: ScalingContext, group: Group, place: Place): void {
  const { instanceId, zone } = place
  const capacity = capacityOf(group)
  const activity = group.activities.begin({
    description: `Attaching an existing EC2 instance: ${instanceId}`,
    cause: `${at(context.clock.now())} an instance was attached in response to a user request, increasing the capacity from ${capacity} to ${capacity + 1}.`,
    place: { zone: zone.name, subnetId: zone.subnetId },
  })
  const member: Member = {
    ...place,
    lifecycle: 'Pending',
    health: 'Healthy',
    unhealthyBy: undefined,
    extra: false,
    inServiceSinceMs: undefined,
    activity,
  }
  group.members.set(instanceId, member)
  group.desired += 1
  context.ec2.setServiceTags(instanceId, { [GROUP_TAG]: group.name })
  later(context, group, `attach ${instanceId}`, () => {
    // It may have been terminated meanwhile.
    if (group.members.get(instanceId) === member && member.lifecycle === 'Pending') {
      joined(context, group, member)
    }
  })
}

function later(context: ScalingContext, group: Group, what: string, work: () => void): void {
  void context.background.run(what, Promise.resolve(), async () => {
    await context.background.wait(context.latencyMs('membership'))
    work()
    context.wake(group)
  })
}
