import type { ChangeLog, EventSink } from '../kube/changes.ts'
import type { Cluster } from '../kube/cluster.ts'

/** What a fault works with. */
export interface FaultContext {
  readonly cluster: Cluster
  readonly log: ChangeLog
  readonly events: EventSink
  /** Where the fault's own objects go. */
  readonly namespace: string
  /** Labels of everything that is made. */
  readonly labels: Readonly<Record<string, string>>
}
