import { ActivityLog, at } from './activities.ts'
import type { ScalingContext } from './context.ts'
import type { Group, GroupZone, LaunchSpec } from './group.ts'
import { reconcile } from './reconcile.ts'

export interface GroupOptions {
  /** The name is this and a UUID, as EKS names its groups: `eks-<node group>-<uuid>`. */
  readonly namePrefix: string
  readonly zones: readonly GroupZone[]
  readonly launch: LaunchSpec
  /** Of the group, and of each instance that it launches. */
  readonly tags: Readonly<Record<string, string>>
  readonly min: number
  readonly max: number
  readonly desired: number
}

/** Makes a group and launches its instances; gives its name. */
export function createGroup(context: ScalingContext, options: GroupOptions): string {
  const { namePrefix, zones, launch, tags, min, max, desired } = options
  const name = `${namePrefix}${context.newUuid()}`
  const createdMs = context.clock.now()
  const group: Group = {
    name,
    arn: `arn:aws:autoscaling:${context.region}:${context.accountId}:autoScalingGroup:${context.newUuid()}:autoScalingGroupName/${name}`,
    createdMs,
    zones,
    launch,
    tags: new Map(Object.entries(tags)),
    min,
    max,
    desired,
    suspended: new Map(),
    members: new Map(),
    activities: new ActivityLog(name, () => context.clock.now(), context.newUuid),
    avoidedUntilMs: new Map(),
    differenceBecause: `${at(createdMs)} a user request created an AutoScalingGroup changing the desired capacity from 0 to ${desired}.`,
    replacementsDue: 0,
  }
  context.groups.set(name, group)
  reconcile(context, group, false)
  return name
}
