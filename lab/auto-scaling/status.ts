import { type Group, type Lifecycle, membersIn } from './group.ts'

/** A group, as plain data. */
export interface GroupStatus {
  readonly name: string
  readonly desired: number
  readonly inService: number
  readonly suspended: readonly string[]
  readonly members: readonly {
    readonly instanceId: string
    readonly zone: string
    readonly lifecycle: Lifecycle
    readonly health: 'Healthy' | 'Unhealthy'
  }[]
}

export const statusOf = (group: Group): GroupStatus => ({
  name: group.name,
  desired: group.desired,
  inService: membersIn(group, 'InService').length,
  suspended: [...group.suspended.keys()],
  members: [...group.members.values()].map(({ instanceId, zone, lifecycle, health }) => ({
    instanceId,
    zone: zone.name,
    lifecycle,
    health,
  })),
})
