/**
 * What may happen between a fault and steady state, in the order in which it mostly does. `seen`
 * says by what each is told.
 */
export const FAULT_PHASES = [
  /** The injection began. */
  'fault-injected',
  /** An operation of a client was due that was not acknowledged. */
  'first-failure',
  'container-ended',
  'pod-not-ready',
  'node-not-ready',
  /** The Node object was removed. */
  'node-removed',
  /** The pod was told to end; without its kubelet it stays so. */
  'pod-terminating',
  'pod-deleted',
  /** The scheduler finds no place for the pod that came after; the evidence says why. */
  'replacement-pending',
  'volume-detached',
  'heal-begun',
  /** Ready again, or a new node in the place of a removed one. */
  'node-ready',
  'fault-healed',
  'volume-attached',
  'container-started',
  'pod-ready',
  /** Every node of the ring was seen by every other. */
  'database-rejoined',
  /** The first acknowledgement after the last failure of a zone's longest outage. */
  'first-success',
  /** The last of what was away, and of whoever looked, found all back. */
  'steady-state',
] as const
export type FaultPhaseName = (typeof FAULT_PHASES)[number]

/** One row of a fault's story. */
export interface FaultPhase {
  readonly phase: FaultPhaseName
  /** Since the injection began. */
  readonly atMs: number
  /** When it happened to the last one, where it happened to several. */
  readonly lastMs?: number
  /** Since the row before. */
  readonly deltaMs: number
  /** What was seen, a sentence of the timeline or of a history. */
  readonly evidence: string
}

/**
 * What the clients of one zone saw from the injection until steady state, or until the load ended.
 * Operations count by when they were due.
 */
export interface ZoneService {
  readonly zone: string
  readonly due: number
  readonly ok: number
  readonly fail: number
  /** They may have happened. */
  readonly info: number
  /** The longest time without an acknowledgement in which an operation waited. */
  readonly longestGapMs: number
  /** When the first operation that failed was due, since the injection. */
  readonly firstFailureMs?: number
  /**
   * How long its longest outage lasted: from when the first operation that failed was due until the
   * first acknowledgement after the last one, with 5 s without a failure to follow. 0 where none
   * failed, absent where it was not served again, or nobody asked.
   */
  readonly rtoMs?: number
  /** When that outage ended, since the injection. */
  readonly servedAgainMs?: number
  /** Of acknowledged operations, from when they were due. */
  readonly p99Ms?: number
  readonly p99BeforeMs?: number
  /** By how much these times may be off the run's clock. */
  readonly clockUncertaintyMs: number
}

/**
 * What breaking something, once, did. All times are of the run's clock. What did not happen, or was
 * not measured, is absent.
 */
export interface FaultNumbers {
  /** When the injection of the first fault began, since the run's start. */
  readonly startedAtMs: number
  readonly phases: readonly FaultPhase[]
  /** Empty where there were no clients. */
  readonly zones: readonly ZoneService[]
  /** The longest of the zones' RTOs; absent when one was not served again, or nobody asked. */
  readonly rtoMs?: number
  readonly rpo?: RecoveryPoint
}

/** What of the acknowledged operations was lost: of all that the scenario's clients did. */
export interface RecoveryPoint {
  readonly acknowledged: number
  readonly lost: number
  /** From the first acknowledgement that was lost until the injection, or the last one if later. */
  readonly lostMs: number
}
