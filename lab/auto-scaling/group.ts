import type { Activity, ActivityLog } from './activities.ts'
import type { Process } from './processes.ts'

/** A zone of a group, by the subnet that the group has in it. */
export interface GroupZone {
  /** `us-east-1a` */
  readonly name: string
  readonly subnetId: string
}

/** What the group's instances are made from, as a launch template says it. */
export interface LaunchSpec {
  readonly imageId: string
  readonly instanceType: string
}

/** How long a new instance isn't judged unhealthy by a user's word; as EKS sets it. */
export const HEALTH_CHECK_GRACE_MS = 15_000
/** AWS's default. */
export const COOLDOWN_MS = 300_000

export type Lifecycle = 'Pending' | 'InService' | 'Terminating' | 'Detaching'

export interface Member {
  readonly instanceId: string
  readonly instanceType: string
  readonly zone: GroupZone
  lifecycle: Lifecycle
  health: 'Healthy' | 'Unhealthy'
  /** Who found it unhealthy. */
  unhealthyBy: 'ec2' | 'user' | undefined
  /** Launched beyond the desired capacity, to balance the zones; until it is in service. */
  extra: boolean
  inServiceSinceMs: number | undefined
  /** What is under way with it. */
  activity: Activity | undefined
}

export interface Group {
  readonly name: string
  readonly arn: string
  readonly createdMs: number
  readonly zones: readonly GroupZone[]
  readonly launch: LaunchSpec
  readonly tags: ReadonlyMap<string, string>
  min: number
  max: number
  desired: number
  /** With the reason, as the API tells it. */
  readonly suspended: Map<Process, string>
  /** In the order in which they joined. */
  readonly members: Map<string, Member>
  readonly activities: ActivityLog
  /** Zones in which a launch failed, and until when none is tried there. */
  readonly avoidedUntilMs: Map<string, number>
  /** Why the capacity is not what is desired; the beginning of the next activities' cause. */
  differenceBecause: string | undefined
  /** Unhealthy instances that were taken out and whose replacement is still to be launched. */
  replacementsDue: number
}

/** Whether a member is part of the group's capacity. */
export const counts = ({ lifecycle, extra }: Member): boolean =>
  lifecycle === 'InService' || (lifecycle === 'Pending' && !extra)

/** The group's capacity as it is, to be compared with the desired one. */
export const capacityOf = (group: Group): number =>
  [...group.members.values()].filter(counts).length

export const membersIn = (group: Group, lifecycle: Lifecycle): readonly Member[] =>
  [...group.members.values()].filter((member) => member.lifecycle === lifecycle)
