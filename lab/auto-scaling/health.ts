import type { ScalingContext } from './context.ts'
import { type Group, membersIn } from './group.ts'

/**
 * The EC2 health check: an instance that isn't running any more is unhealthy. It stays so when it
 * runs again, until somebody sets its health. Source: user guide, "Health checks for instances".
 */
export function checkHealth({ ec2, log }: ScalingContext, group: Group): void {
  if (group.suspended.has('HealthCheck')) return
  const states = new Map(ec2.snapshot().instances.map((one) => [one.instanceId, one.state]))
  for (const member of membersIn(group, 'InService')) {
    const state = states.get(member.instanceId) ?? 'terminated'
    // `pending`: a stopped one that is being started again.
    if (member.health === 'Unhealthy' || state === 'running' || state === 'pending') continue
    member.health = 'Unhealthy'
    member.unhealthyBy = 'ec2'
    log(`group ${group.name}: ${member.instanceId} is Unhealthy: EC2 has it ${state}`)
  }
}
