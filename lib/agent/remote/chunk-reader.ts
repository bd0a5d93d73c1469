import { InconclusiveError } from '../../model/errors.ts'
import type { OperationRecord } from '../../model/operation.ts'
import { type AgentStatus, agentStatus, chunk as chunkSchema } from '../protocol.ts'
import type { ClockMap } from './clock-map.ts'

/** A record as the agent wrote it down, on the clock of its incarnation. */
interface RawRecord {
  readonly incarnation: number
  readonly startClockNs: number
  readonly record: OperationRecord
}

/** Puts an agent's history together from its chunks, each exactly once and in its order. */
export class ChunkReader {
  readonly #agent: string
  readonly #records: RawRecord[] = []
  #last = 0

  constructor(agent: string) {
    this.#agent = agent
  }

  /** Number of the newest chunk that was read; the next one is asked for after it. */
  get last(): number {
    return this.#last
  }

  /**
   * Takes a report.
   *
   * @returns the agent's status in it
   * @throws InconclusiveError on a gap: operations would be missing without a word
   */
  take(report: string): AgentStatus {
    const [head = '', ...lines] = report.split('\n')
    const status = agentStatus.parse(JSON.parse(head))
    for (const line of lines) {
      if (line === '') continue
      const { chunk, incarnation, startClockNs, records } = chunkSchema.parse(JSON.parse(line))
      if (chunk <= this.#last) continue
      if (chunk !== this.#last + 1) {
        throw new InconclusiveError(
          `The history of agent ${this.#agent} has a gap: chunk ${chunk} came after ${this.#last}.`,
        )
      }
      this.#last = chunk
      for (const record of records) this.#records.push({ incarnation, startClockNs, record })
    }
    if (status.lastChunk < this.#last) {
      throw new InconclusiveError(
        `Agent ${this.#agent} has lost history: it knows ${status.lastChunk} chunks, ${this.#last} were read.`,
        { hint: 'Was its pod replaced, or its node’s disk?' },
      )
    }
    return status
  }

  /**
   * All records on the run's clock, from the workload's start, and how far off any of them may be.
   * An incarnation that was never asked for its time has only its machine's word for it: its clock
   * is taken for right, and `unmeasured` says how many records that concerns.
   */
  records(
    clocks: ClockMap,
    startRunNs: number,
  ): {
    readonly records: OperationRecord[]
    readonly uncertaintyNs: number
    readonly unmeasured: number
  } {
    let uncertaintyNs = 0
    let unmeasured = 0
    const records = this.#records.map(({ incarnation, startClockNs, record }) => {
      if (!clocks.knows(incarnation)) {
        unmeasured += 1
        return record
      }
      const place = (ns: number): number => {
        const placed = clocks.toRun(incarnation, ns + startClockNs)
        uncertaintyNs = Math.max(uncertaintyNs, placed.uncertaintyNs)
        return Math.round(placed.runNs - startRunNs)
      }
      const { dueNs, sentNs, doneNs } = record
      return { ...record, dueNs: place(dueNs), sentNs: place(sentNs), doneNs: place(doneNs) }
    })
    return { records, uncertaintyNs: Math.ceil(uncertaintyNs), unmeasured }
  }
}
