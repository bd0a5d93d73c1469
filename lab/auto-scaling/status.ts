import { type Group, type Lifecycle, membersIn } from './group.ts'

/** A group, as plain data. */
export interface GroupStatus {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly createdMs: number
  readonly min: number
  readonly max: number
  readonly desired: number
  readonly inService: number
  readonly suspended: readonly string[]
  readonly instanceType: string
  readonly subnetIds: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly members: readonly {
    readonly instanceId: string
    readonly zone: string
    readonly lifecycle: Lifecycle
    readonly health: 'Healthy' | 'Unhealthy'
  }[]
}

export const statusOf = (group: Group): GroupStatus => ({
  name: group.name,
  createdMs: group.createdMs,
  min: group.min,
  max: group.max,
  desired: group.desired,
  inService: membersIn(group, 'InService').length,
  suspended: [...group.suspended.keys()],
  instanceType: group.launch.instanceType,
  subnetIds: group.zones.map(({ subnetId }) => subnetId),
  tags: Object.fromEntries(group.tags),
  members: [...group.members.values()].map(({ instanceId, zone, lifecycle, health }) => ({
    instanceId,
    zone: zone.name,
    lifecycle,
    health,
  })),
})
