import type { Aws } from '../aws/aws.ts'
import type { ChangeLog, EventSink } from '../kube/changes.ts'
import type { Cluster } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import type { PullRules } from '../model/target.ts'

/** What a fault works with. */
export interface FaultContext {
  readonly cluster: Cluster
  readonly log: ChangeLog
  readonly events: EventSink
  /** Where the fault's own objects go. */
  readonly namespace: string
  /** Labels of everything that is made, and tags of it on AWS. */
  readonly labels: Readonly<Record<string, string>>
  /** How the target wants images pulled; absent: by their own names. */
  readonly pulls?: PullRules
  /** Absent where the target has none. */
  readonly aws: Aws | undefined
  /** Absent where launches can't be made to fail. */
  readonly capacity: { set(zone: string, has: boolean): Promise<void> } | undefined
  /**
   * Replays the undos of these changes, as the journal has them, and waits for their end: healing
   * and cleaning up after a crash are one and the same.
   */
  takeBack(changes: readonly string[]): Promise<void>
}

/** What planning works with: it changes nothing, so `zonefall plan` can do it too. */
export type FaultView = Pick<FaultContext, 'cluster' | 'namespace' | 'aws'>

/** What a fault would touch, resolved by name once; heal uses these and looks nothing up again. */
export interface FaultPlan {
  /** `zone/us-east-1a`, `pod/cassandra-0`: what the timeline files it under. */
  readonly subject: string
  /** One sentence: `Cut the power of ip-10-0-1-10 (i-…).` */
  readonly text: string
  /** `node/…`, `instance/i-…`, `group/…`, `subnet/…`, `pod/…` */
  readonly touches: readonly string[]
}

/** What an injection leaves for the steps after it. */
export interface FaultEffect {
  /** Journal ids of what has to be taken back. */
  readonly changes: readonly string[]
}

/** The evidence that a fault took effect, from another source than the call that made it. */
export interface Observation {
  /** One sentence. */
  readonly text: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A fault as its five steps. */
export interface Fault<Wish, Plan extends FaultPlan, Effect extends FaultEffect = FaultEffect> {
  /** `power-cut` */
  readonly name: string
  /** What may have kept it from being seen, as a question. */
  readonly hint?: string
  /** Reads only. @throws InconclusiveError when there is no target, PreflightError when refused */
  plan(view: FaultView, wish: Wish): Promise<Plan>
  /** Journals each change before it makes it. */
  inject(context: FaultContext, plan: Plan): Promise<Effect>
  /** @throws InconclusiveError when it is not seen to take effect: then a scenario says nothing */
  observe(context: FaultContext, plan: Plan, effect: Effect): Promise<Observation>
  heal(context: FaultContext, plan: Plan, effect: Effect): Promise<void>
  /** Waits for steady state: what the fault took away is back. */
  recovered(context: FaultContext, plan: Plan, effect: Effect): Promise<void>
}

/** Heals by replaying the undos: enough for every fault whose undos say all. */
export async function healByUndo(
  context: FaultContext,
  _plan: FaultPlan,
  { changes }: FaultEffect,
): Promise<void> {
  await context.takeBack(changes)
}

/**
 * AWS, for a fault that is nothing without it.
 *
 * @throws PreflightError
 */
export function needAws({ aws }: FaultView, fault: string): Aws {
  if (!aws) {
    throw new PreflightError(`The fault ${fault} needs EC2, and the target has none.`, {
      hint: "Name the capability ec2 in the scenario's needs: it is then skipped with that reason.",
    })
  }
  return aws
}
