import { ApiError } from '../ec2/api-error.ts'
import { at } from './activities.ts'
import { launchOrder, type ZoneCounts } from './balance.ts'
import type { ScalingContext } from './context.ts'
import { counts, type Group, type GroupZone } from './group.ts'

/** Set on every instance of a group. Source: Auto Scaling user guide, "Tag groups and instances". */
export const GROUP_TAG = 'aws:autoscaling:groupName'

/** How many instances each zone has or is about to have. */
export function zoneCounts(group: Group): ZoneCounts {
  const members = [...group.members.values()].filter((one) => counts(one) || one.extra)
  return new Map(
    group.zones.map(({ name }) => [name, members.filter(({ zone }) => zone.name === name).length]),
  )
}

/** No launch is tried in a zone for a while after one failed there. */
export function isAvoided({ clock }: ScalingContext, group: Group, zone: string): boolean {
  return (group.avoidedUntilMs.get(zone) ?? 0) > clock.now()
}

export function avoid({ clock, latencyMs }: ScalingContext, group: Group, zone: string): void {
  group.avoidedUntilMs.set(zone, clock.now() + latencyMs('avoidZone'))
}

/**
 * Launches one instance in the zone that has fewest; where EC2 refuses, in the next one. False
 * when no zone could give one. `cause` is told with each attempt's activity.
 */
export function launchMember(
  context: ScalingContext,
  group: Group,
  cause: string,
  zones: readonly string[] = launchOrder(zoneCounts(group)),
  extra = false,
): boolean {
  return zones.some((name) => {
    const zone = group.zones.find((one) => one.name === name)
    if (zone === undefined || isAvoided(context, group, name)) return false
    return launchIn(context, group, zone, cause, extra)
  })
}

function launchIn(
  context: ScalingContext,
  group: Group,
  zone: GroupZone,
  cause: string,
  extra: boolean,
): boolean {
  const place = { zone: zone.name, subnetId: zone.subnetId }
  const activity = group.activities.begin({
    description: 'Launching a new EC2 instance',
    cause,
    place,
  })
  try {
    const { imageId, instanceType } = group.launch
    const tags = Object.fromEntries(group.tags)
    const request = { imageId, instanceType, subnetId: zone.subnetId, tags }
    const [{ instanceId } = { instanceId: '' }] = context.ec2.runInstances(request)
    context.ec2.setServiceTags(instanceId, { [GROUP_TAG]: group.name })
    activity.description += `: ${instanceId}`
    group.members.set(instanceId, {
      instanceId,
      instanceType,
      zone,
      lifecycle: 'Pending',
      health: 'Healthy',
      unhealthyBy: undefined,
      extra,
      inServiceSinceMs: undefined,
      activity,
    })
    context.log(`group ${group.name}: ${instanceId} is launched in ${zone.name}: ${cause}`)
    return true
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    group.activities.fail(activity, 'Failed', `${error.message} Launching EC2 instance failed.`)
    avoid(context, group, zone.name)
    context.log(`group ${group.name}: no launch in ${zone.name}: ${error.code}`)
    return false
  }
}

/** The sentence with which a launch tells why it was wanted; counts a due replacement down. */
export function launchCause(context: ScalingContext, group: Group, capacity: number): string {
  const now = at(context.clock.now())
  if (group.replacementsDue > 0) {
    return `${now} an instance was launched in response to an unhealthy instance needing to be replaced.`
  }
  const why = group.differenceBecause === undefined ? '' : `${group.differenceBecause} `
  return `${why}${now} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${capacity} to ${capacity + 1}.`
}
