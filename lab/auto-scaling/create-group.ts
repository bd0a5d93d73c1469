import { ActivityLog, at } from './activities.ts'
import type { ScalingContext } from './context.ts'
import type { Group, GroupZone, LaunchSpec } from './group.ts'
import { reconcile } from './reconcile.ts'

export interface GroupOptions {
  readonly name: string
  readonly zones: readonly GroupZone[]
  readonly launch: LaunchSpec
  /** Of the group, and of each instance that it launches. */
  readonly tags: Readonly<Record<string, string>>
  readonly min: number
  readonly max: number
  readonly desired: number
}

/** The name of a managed node group's Auto Scaling group on EKS: `eks-<node group>-<uuid>`. */
export const nodegroupName = (nodegroup: string, uuid: string): string => `eks-${nodegroup}-${uuid}`

export function createGroup(context: ScalingContext, options: GroupOptions): void {
  const { name, zones, launch, tags, min, max, desired } = options
  if (context.groups.has(name)) throw new Error(`There is a group ${name} already.`)
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
}
