/**
 * Every wait of the harness is bounded by one of these, by name; milliseconds. A budget is how long
 * something may take before waiting on makes no sense, not how long it usually takes. The name
 * shows up in time-out messages and in the timeline.
 */
export const BUDGETS = {
  /** One call to the API server or EC2, connection included. */
  apiCall: 15_000,
  /** Is anything listening at all? */
  apiReachable: 5_000,
  /** One command in a pod (nodetool starts a JVM under half a CPU). */
  exec: 60_000,
  /** A Cassandra node to say who it is: three commands of nodetool, on a machine that is busy. */
  nodeIdentity: 180_000,
  /** A Cassandra node drained: all that it has in memory is written first. */
  nodeDrained: 600_000,
  /** One command of the lab's: a process of its own, which first loads its program. */
  labCommand: 60_000,
  /** A passing state to show: an event, a condition, a label. */
  stateVisible: 30_000,
  /** A pod scheduled and Ready again on a volume that may have to be attached first. */
  podReady: 300_000,
  /** A pod object gone: its preStop drain and its grace period are in it. */
  podGone: 180_000,
  /** The pods of a lost node marked for deletion: the grace period and 300 s of toleration. */
  podEvicted: 480_000,
  /** The replacement of a deleted pod to exist, ready or not. */
  podRecreated: 60_000,
  /** The scheduler to explain why a pod is pending. */
  schedulerExplains: 30_000,
  /** For how long an expected Pending has to hold. */
  pendingHolds: 60_000,
  /** All replicas of a StatefulSet ready, one after the other, images pulled. */
  statefulSetReady: 900_000,
  /** A container whose image can't be pulled, or whose Secret is missing, to start all the same. */
  containerStarts: 120_000,
  /** A StatefulSet scaled down: every pod that goes drains first. */
  statefulSetScaled: 600_000,
  /** An object gone, finalizers included. */
  objectGone: 120_000,
  /**
   * Claims, their persistent volumes and the volumes behind them gone. Of a node that is lost
   * Kubernetes holds on to them for 6 min.
   */
  claimsGone: 480_000,
  volumeGone: 120_000,
  nodeReady: 180_000,
  /** A node seen as NotReady and tainted: the grace period and the cloud controller's tick are in it. */
  nodeLost: 180_000,
  /** The Node object of a terminated instance gone. */
  nodeGone: 300_000,
  /** A group's replacement of an instance launched, joined and Ready. */
  nodeReplaced: 600_000,
  /** Volumes let go of by a node that is gone: force detach waits 6 min, then they are detached. */
  volumesReleased: 480_000,
  /**
   * How long EC2 may go on answering as if something hadn't happened. Its guide asks for patience of
   * up to five minutes ("Eventual consistency in the Amazon EC2 API"); Terraform has two.
   */
  ec2Behind: 120_000,
  /** A change to be seen in EC2's answers, or to be out of them for as long as they may be behind. */
  ec2Settles: 240_000,
  /** A pod Ready on another node than the one that went with its volume: force detach waits 6 min. */
  podMoved: 600_000,
  /** An instance in its next state: EC2 gives an OS four minutes to shut down. */
  instanceState: 300_000,
  /** A snapshot completed: the first of a volume takes as long as all that is on it. */
  snapshotCompleted: 14_400_000,
  /** A volume made from a snapshot. */
  volumeMade: 300_000,
  /** An attachment gone or busy after DetachVolume. */
  volumeDetached: 120_000,
  /** An eviction that a disruption budget refuses is asked for again for this long. */
  eviction: 30_000,
  /** A container started again, or a signal's effect on a process seen. */
  containerRestarted: 60_000,
  /** Every node of the ring seen as UN, by every node. */
  ringUp: 300_000,
  /** A peer seen as down by the others: gossip's failure detector. */
  peerDown: 120_000,
  /** A name resolved to its new address on every node (CoreDNS caches 30 s). */
  dnsUpdated: 90_000,
  /** One repair of a keyspace. */
  repair: 300_000,
  cqlConnect: 60_000,
  cqlQuery: 20_000,
  sqlConnect: 60_000,
  sqlQuery: 20_000,
  /** A replica to have applied what its primary had written, or to replicate again. */
  replicaCatchesUp: 120_000,
  /** All undos of one scenario, and of a whole run. */
  healScenario: 1_800_000,
  undoOne: 420_000,
  /** An undo that waits for instances and their nodes. */
  undoInstances: 660_000,
  /** One that waits for a replacement, and for the volumes of what it replaces. */
  undoReplacement: 1_200_000,
  /** State and logs collected before anything is cleaned. */
  collect: 60_000,
  /** The lab up, its artifacts built on a fresh machine. */
  labUp: 3_600_000,
  labDown: 120_000,
  /** vitest to end by itself after it was asked to. */
  workerStops: 10_000,
  /** Clients in the zones to have some operations acknowledged, a few seconds' worth. */
  clientsServed: 60_000,
  /** Clients in the zones to have ended what they had begun, and to be read. */
  clientsStop: 60_000,
  /** The leak list to come clean: what is deleted may take a moment to vanish. */
  leaksSettle: 60_000,
} as const satisfies Record<string, number>

export type BudgetName = keyof typeof BUDGETS

/** Milliseconds of a budget. */
export function budgetMs(name: BudgetName): number {
  return BUDGETS[name]
}
