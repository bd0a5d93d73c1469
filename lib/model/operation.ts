/**
 * An operation of a client on a database, as it is planned and as it ended. Times are whole
 * nanoseconds since the workload's start, which fit a double for a hundred days.
 */
export interface PlannedOperation {
  /** Position in the schedule of its client, from 0. */
  readonly index: number
  readonly kind: OperationKind
  /** The register that is read or written, the set that is inserted into or read, or the bank. */
  readonly key: string
  /** What is written or inserted; absent for a read. Unique in its key, so that it tells its write. */
  readonly value?: string
  /** Of a transfer, whose name in the bank's ledger is `value`. */
  readonly transfer?: Transfer
  /**
   * The timestamp to send with a write, so that the database orders writes as the schedule does:
   * a key has one writer, whose timestamps strictly increase.
   */
  readonly timestampMicros?: number
  /**
   * Of a read, where replicas may lag: it goes to the server that takes writes, so that it shows all
   * that was acknowledged. Other reads may show what was so a while ago.
   */
  readonly latest?: true
  /** When it is to be sent: latency counts from here (no coordinated omission). */
  readonly dueNs: number
}

/**
 * `insert` adds an id to a set, `read-set` reads all of one; `read` and `write` are of a register;
 * `transfer` moves an amount between accounts of a bank and books it in the bank's ledger, all in one
 * transaction, `read-bank` reads all accounts in one snapshot, `read-ledger` what was booked.
 */
export type OperationKind =
  | 'insert'
  | 'read-set'
  | 'read'
  | 'write'
  | 'transfer'
  | 'read-bank'
  | 'read-ledger'

/** Moves an amount, or what there is of it: no account is overdrawn. */
export interface Transfer {
  readonly from: string
  readonly to: string
  readonly amount: number
}

/** Who runs a schedule: one process in one zone. */
export interface Client {
  /** Unique in a run: what it writes and inserts is named after it. */
  readonly process: string
  readonly zone: string
}

/** What one client is to do, by rising `index` and `dueNs`. */
export interface Schedule extends Client {
  readonly workload: string
  readonly operations: readonly PlannedOperation[]
}

/**
 * How an operation ended. `ok`: acknowledged at the level asked for. `fail`: it certainly did not
 * happen. `info`: it may have happened, or may happen yet.
 */
export type OperationOutcome = 'ok' | 'fail' | 'info'

/** One line of a history. */
export interface OperationRecord extends PlannedOperation, Client {
  /** Never before `dueNs`. */
  readonly sentNs: number
  /** When its outcome was known to the client; an `info` may still happen after it. */
  readonly doneNs: number
  readonly outcome: OperationOutcome
  /** Why it is not `ok`: the driver's or the server's own code. */
  readonly error?: string
  /** What a read that is `ok` found under its key; absent or empty when there was nothing. */
  readonly found?: readonly FoundValue[]
  /** The node that answered, as the driver names it. */
  readonly coordinator?: string
}

/** How an operation ended, beside its times, as the client of a database tells. */
export type OperationAnswer = Pick<OperationRecord, 'outcome' | 'error' | 'found' | 'coordinator'>

/** A value that a read found, with the time it was written at where the database says so. */
export interface FoundValue {
  readonly value: string
  readonly writtenMicros?: number
  /** Of an account in a bank, whose name is `value`. */
  readonly balance?: number
  /** What the ledger of the same snapshot has for that account: received less paid. */
  readonly booked?: number
}
