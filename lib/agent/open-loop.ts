import type {
  OperationAnswer,
  OperationRecord,
  PlannedOperation,
  Schedule,
} from '../model/operation.ts'
import type { ClientStatus } from './protocol.ts'

/** What an open loop works with. */
export interface OpenLoopOptions {
  /** Nanoseconds since the workload's start. */
  readonly nowNs: () => number
  readonly run: (operation: PlannedOperation) => Promise<OperationAnswer>
  readonly onRecord: (record: OperationRecord) => void
}

/** A timer that waits longer than this is set again: Node's longest is 24 days. */
const LONGEST_TIMER_MS = 60_000

/**
 * One client: sends each operation when it is due, whatever became of those before, and tells how
 * it ended. An operation that couldn't be sent in time (the process stood still) is sent as soon as
 * may be; its latency counts from when it was due all the same.
 */
export class OpenLoop {
  readonly process: string
  readonly #zone: string
  readonly #operations: PlannedOperation[]
  readonly #options: OpenLoopOptions
  readonly #counts = { ok: 0, fail: 0, info: 0 }
  readonly #inFlight = new Set<Promise<void>>()
  #next = 0
  #timer: NodeJS.Timeout | undefined

  constructor(schedule: Schedule, options: OpenLoopOptions) {
    this.process = schedule.process
    this.#zone = schedule.zone
    this.#operations = [...schedule.operations]
    this.#options = options
  }

  /** More of the same process, due after all that it had. */
  extend({ operations }: Schedule): void {
    const last = this.#operations.at(-1)
    const [first] = operations
    if (last && first && first.index <= last.index) {
      throw new RangeError(
        `Operation ${first.index} of ${this.process} is not after ${last.index}, its last one.`,
      )
    }
    // What an earlier stop left unsent stays so.
    this.#operations.length = this.#next
    for (const operation of operations) this.#operations.push(operation)
  }

  /** How many operations were sent, or skipped. */
  get sent(): number {
    return this.#next
  }

  /** Takes the first `count` operations for sent. */
  skip(count: number): void {
    this.#next = count
  }

  /** Skips what was due earlier: a process that died may have sent it. */
  skipUntil(dueNs: number): void {
    const index = this.#operations.findIndex((operation) => operation.dueNs >= dueNs)
    this.#next = index === -1 ? this.#operations.length : index
  }

  /** Begins, or goes on, to send. */
  start(): void {
    clearTimeout(this.#timer)
    const { nowNs } = this.#options
    for (;;) {
      const operation = this.#operations[this.#next]
      if (!operation) return
      const waitNs = operation.dueNs - nowNs()
      if (waitNs > 0) {
        const waitMs = Math.min(Math.ceil(waitNs / 1e6), LONGEST_TIMER_MS)
        this.#timer = setTimeout(() => this.start(), waitMs)
        return
      }
      this.#next += 1
      const sent = this.#send(operation).finally(() => this.#inFlight.delete(sent))
      this.#inFlight.add(sent)
    }
  }

  /** Sends nothing more; resolves when all that was sent has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await Promise.all(this.#inFlight)
  }

  status(): ClientStatus {
    const next = this.#operations[this.#next]
    return {
      process: this.process,
      operations: this.#operations.length,
      ...(next === undefined ? {} : { nextDueNs: next.dueNs }),
      counts: { ...this.#counts },
      inFlight: this.#inFlight.size,
    }
  }

  async #send(operation: PlannedOperation): Promise<void> {
    const { nowNs, run, onRecord } = this.#options
    const sentNs = nowNs()
    const answer = await run(operation)
    this.#counts[answer.outcome] += 1
    onRecord({
      ...operation,
      process: this.process,
      zone: this.#zone,
      sentNs,
      doneNs: nowNs(),
      ...answer,
    })
  }
}
