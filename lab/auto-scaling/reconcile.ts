import { at } from './activities.ts'
import { launchOrder, terminationOrder, wanting } from './balance.ts'
import type { ScalingContext } from './context.ts'
import { capacityOf, type Group, type Member, membersIn } from './group.ts'
import { isAvoided, launchCause, launchMember, zoneCounts } from './launch-member.ts'
import { terminateMember } from './terminate-member.ts'

/**
 * One look at a group: what is unhealthy is taken out, what is missing launched, what is too much
 * terminated; and with `balance` the zones are evened out. What each suspended process keeps from
 * happening: user guide, "How suspended processes affect other processes".
 */
export function reconcile(context: ScalingContext, group: Group, balance: boolean): void {
  takeOutUnhealthy(context, group)
  scaleOut(context, group)
  scaleIn(context, group)
  if (capacityOf(group) === group.desired) {
    group.differenceBecause = undefined
    group.replacementsDue = 0
    if (balance) evenOut(context, group)
  }
}

/** Launch may be suspended: then what is taken out here is replaced when it is resumed. */
function takeOutUnhealthy(context: ScalingContext, group: Group): void {
  if (group.suspended.has('ReplaceUnhealthy') || group.suspended.has('Terminate')) return
  for (const member of membersIn(group, 'InService')) {
    if (member.health !== 'Unhealthy') continue
    const finding =
      member.unhealthyBy === 'ec2'
        ? 'an EC2 health check indicating it has been terminated or stopped'
        : 'a user health-check'
    const cause = `an instance was taken out of service in response to ${finding}.`
    group.replacementsDue += 1
    terminateMember(context, group, member, `${at(context.clock.now())} ${cause}`)
  }
}

function scaleOut(context: ScalingContext, group: Group): void {
  if (group.suspended.has('Launch')) return
  for (let capacity = capacityOf(group); capacity < group.desired; capacity++) {
    if (!launchMember(context, group, launchCause(context, group, capacity))) return
    group.replacementsDue = Math.max(0, group.replacementsDue - 1)
  }
}

function scaleIn(context: ScalingContext, group: Group): void {
  if (group.suspended.has('Terminate')) return
  for (let capacity = capacityOf(group); capacity > group.desired; capacity--) {
    const member = selectForTermination(group)
    if (member === undefined) return
    const now = at(context.clock.now())
    const why = group.differenceBecause === undefined ? '' : `${group.differenceBecause} `
    const cause = `${why}${now} an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${capacity} to ${capacity - 1}. ${now} instance ${member.instanceId} was selected for termination.`
    terminateMember(context, group, member, cause)
  }
}

/** The oldest of the fullest zone that has one in service. */
function selectForTermination(group: Group): Member | undefined {
  const serving = membersIn(group, 'InService')
  return terminationOrder(zoneCounts(group))
    .map((name) => serving.find(({ zone }) => zone.name === name))
    .find((member) => member !== undefined)
}

/**
 * AZRebalance launches first and terminates then, when the new instance is in service: meanwhile
 * there is one more than desired. One at a time, and only while nothing else is under way.
 */
function evenOut(context: ScalingContext, group: Group): void {
  if (group.suspended.has('AZRebalance') || group.suspended.has('Launch')) return
  const members = [...group.members.values()]
  if (!members.every((one) => one.lifecycle === 'InService' && one.health === 'Healthy')) return
  const inZones = zoneCounts(group)
  const targets = wanting(inZones).filter((zone) => !isAvoided(context, group, zone))
  if (targets.length === 0) return
  const numbers = launchOrder(inZones).toReversed()
  const now = at(context.clock.now())
  const state = `availability zones ${numbers.join(' ')} had ${numbers.map((zone) => inZones.get(zone)).join(' ')} instances respectively`
  const cause = `${now} ${state}. An instance was launched to aid in balancing the group's zones.`
  launchMember(context, group, cause, targets, true)
}

/** An extra instance is in service: from now on one of the fullest zone is too much. */
export function nowCounts(context: ScalingContext, group: Group, member: Member): void {
  if (!member.extra) return
  member.extra = false
  const inZones = zoneCounts(group)
  const most = Math.max(...inZones.values())
  const zones = [...inZones].flatMap(([zone, count]) => (count === most ? [zone] : []))
  group.differenceBecause = `${at(context.clock.now())} instances were launched to balance instances in zones ${zones.join(' ')} with other zones resulting in more than desired number of instances in the group.`
}
