import { z } from 'zod'
import type { Ec2Change } from '../ec2/context.ts'
import type { ScalingContext } from './context.ts'
import type { Group, Member } from './group.ts'
import { avoid } from './launch-member.ts'
import { nowCounts } from './reconcile.ts'
import { memberIsGone } from './terminate-member.ts'

/**
 * What EC2 tells of a group's own launches and terminations. Losses aren't noticed here: those the
 * health check finds, when its time has come.
 */
export function followEc2(context: ScalingContext, change: Ec2Change): void {
  if (change.kind !== 'instance') return
  for (const group of context.groups.values()) {
    const member = group.members.get(change.id)
    if (member === undefined) continue
    if (member.lifecycle === 'Pending' && change.state === 'running') {
      joined(context, group, member)
    } else if (change.state === 'terminated' && member.lifecycle === 'Terminating') {
      memberIsGone(group, member)
    } else if (change.state === 'terminated' && member.lifecycle === 'Pending') {
      neverJoined(context, group, member)
    } else {
      continue
    }
    context.wake(group)
  }
}

/** It is in service: a launch or an attachment has come to its end. */
export function joined(context: ScalingContext, group: Group, member: Member): void {
  member.lifecycle = 'InService'
  member.inServiceSinceMs = context.clock.now()
  group.activities.succeed(member.activity)
  member.activity = undefined
  nowCounts(context, group, member)
}

function neverJoined(context: ScalingContext, group: Group, member: Member): void {
  const { code, message } = reasonOf(context, member.instanceId)
  group.members.delete(member.instanceId)
  if (member.activity !== undefined) {
    const words = `Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: ${message}`
    group.activities.fail(member.activity, 'Cancelled', words)
  }
  // Where a user ended it, the zone is as good as before.
  if (code.startsWith('Server.')) avoid(context, group, member.zone.name)
}

const description = z.object({
  reservationSet: z.array(
    z.object({
      instancesSet: z.array(
        z.object({ stateReason: z.object({ code: z.string(), message: z.string() }).optional() }),
      ),
    }),
  ),
})

function reasonOf({ ec2 }: ScalingContext, id: string): { code: string; message: string } {
  const { reservationSet } = description.parse(
    ec2.call('DescribeInstances', { 'InstanceId.1': id }),
  )
  return reservationSet[0]?.instancesSet[0]?.stateReason ?? { code: '', message: 'unknown' }
}
