/**
 * An operation of a client on a database, as it is planned and as it ended. Times are whole
 * nanoseconds since the workload's start, which fit a double for a hundred days.
 */
export interface PlannedOperation {
  /** Position in the schedule of its client, from 0. */
  readonly index: number
  readonly kind: OperationKind
  readonly key: string
  /** What is written; absent for a read. */
  readonly value?: string
  /** When it is to be sent: latency counts from here (no coordinated omission). */
  readonly dueNs: number
}

/** `insert` adds an id to the set, `read-set` reads all of it; `read` and `write` are of one key. */
export type OperationKind = 'insert' | 'read-set' | 'read' | 'write'

/**
 * How an operation ended. `ok`: acknowledged at the level asked for. `fail`: it certainly did not
 * happen. `info`: it may have happened, or may happen yet.
 */
export type OperationOutcome = 'ok' | 'fail' | 'info'

/** One line of a history. */
export interface OperationRecord extends PlannedOperation {
  /** The client's, unique in a run. */
  readonly process: string
  readonly zone: string
  readonly sentNs: number
  readonly doneNs: number
  readonly outcome: OperationOutcome
  /** Why it is not `ok`: the driver's or the server's own code. */
  readonly error?: string
  /** What a read that is `ok` found; absent when there was nothing. */
  readonly found?: readonly FoundValue[]
  /** The node that answered, as the driver names it. */
  readonly coordinator?: string
}

/** A value that a read found, with the time it was written at where the database says so. */
export interface FoundValue {
  readonly key: string
  readonly value: string
  readonly writtenMicros?: number
}
