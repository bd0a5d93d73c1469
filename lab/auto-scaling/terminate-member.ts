import { ApiError } from '../ec2/api-error.ts'
import type { Activity } from './activities.ts'
import { type ScalingContext, ec2StateOf } from './context.ts'
import type { Group, Member } from './group.ts'

/** Takes a member out and terminates its instance; the activity ends when EC2 says `terminated`. */
export function terminateMember(
  context: ScalingContext,
  group: Group,
  member: Member,
  cause: string,
): Activity {
  const { instanceId, zone } = member
  const activity = group.activities.begin({
    description: `Terminating EC2 instance: ${instanceId}`,
    cause,
    place: { zone: zone.name, subnetId: zone.subnetId },
  })
  if (member.activity !== undefined) {
    const words = 'The instance was terminated before it was in service.'
    group.activities.fail(member.activity, 'Cancelled', words)
  }
  member.activity = activity
  member.lifecycle = 'Terminating'
  member.extra = false
  context.log(`group ${group.name}: ${instanceId} is terminated: ${cause}`)
  try {
    context.ec2.call('TerminateInstances', { 'InstanceId.1': instanceId })
  } catch (error) {
    // EC2 forgets an instance an hour after its end.
    if (!(error instanceof ApiError) || error.code !== 'InvalidInstanceID.NotFound') throw error
  }
  if (ec2StateOf(context, instanceId) === 'terminated') memberIsGone(group, member)
  return activity
}

/** Its instance is terminated, as was wanted. */
export function memberIsGone(group: Group, member: Member): void {
  group.activities.succeed(member.activity)
  group.members.delete(member.instanceId)
}
