import type { Background } from '../ec2/background.ts'
import type { Clock } from '../ec2/clock.ts'
import type { Ec2 } from '../ec2/create-ec2.ts'
import type { Group } from './group.ts'
import type { LatencyName } from './latency.ts'

/** What Auto Scaling needs of EC2. */
export type Ec2Access = Pick<
  Ec2,
  'call' | 'runInstances' | 'setServiceTags' | 'snapshot' | 'subscribe'
>

/** Everything that the actions and the reconciler share. */
export interface ScalingContext {
  readonly region: string
  readonly accountId: string
  readonly ec2: Ec2Access
  readonly clock: Clock
  readonly background: Background
  readonly latencyMs: (name: LatencyName) => number
  readonly newUuid: () => string
  readonly log: (line: string) => void
  readonly groups: Map<string, Group>
  /** Has the group looked at soon: something about it has changed. */
  readonly wake: (group: Group) => void
}

/** An instance's state as EC2 has it; one that it no longer lists is `terminated`. */
export function ec2StateOf({ ec2 }: ScalingContext, instanceId: string): string {
  const found = ec2.snapshot().instances.find((one) => one.instanceId === instanceId)
  return found?.state ?? 'terminated'
}
