import type { Client, PlannedOperation, Schedule } from '../model/operation.ts'
import { seededRandom } from '../std/random.ts'
import {
  drawLatest,
  dueTimesNs,
  type LastReadOptions,
  lastReadsOf,
  type LoadOptions,
  NS_PER_MS,
  pickNewestOrOlder,
} from './pace.ts'

export interface SetOptions extends LoadOptions {
  /** Which share of the operations reads a set while it is being filled; the others insert. */
  readonly readShare?: number
  /** For how long inserts go into the same set, before the next one begins. */
  readonly setSpanMs?: number
  /**
   * How long after the load the sets are read, milliseconds: longer than an operation may take, or
   * an insert that is acknowledged late is never looked for. Default 5000.
   */
  readonly settleMs?: number
  /** Names the sets, so that two loads on one table don't meet. */
  readonly name?: string
}

const WORKLOAD = 'set'
const DEFAULT_READ_SHARE = 0.05
const DEFAULT_SETTLE_MS = 5_000
/**
 * A read brings a whole set back, so that reads of one ever growing set would make the history grow
 * with the square of time. A set of 20 s holds some 600 ids at default rates, and every read of it
 * some kilobytes.
 */
const DEFAULT_SET_SPAN_MS = 20_000

/**
 * Inserts unique ids, and reads now and then what is there: half of the reads look at the set that
 * is being filled, for ids that show late, half at an older one, for ids that vanish. All clients
 * fill and read the same sets; ids are the client's own. At the end each client reads each set.
 * After Jepsen's set workload (jepsen/src/jepsen/tests and checker.clj, set-full), split over time.
 */
export function setSchedules(options: SetOptions): Schedule[] {
  return options.clients.map((client) => {
    const load = setLoad(options, client)
    const last = load.at(-1)
    const reads = finalReadsOf(client, {
      ...options,
      untilMs: options.durationMs,
      startMs: options.durationMs + (options.settleMs ?? DEFAULT_SETTLE_MS),
      firstIndex: last === undefined ? 0 : last.index + 1,
    })
    return { workload: WORKLOAD, ...client, operations: [...load, ...reads] }
  })
}

export interface FinalReadOptions extends SetOptions, LastReadOptions {
  /** Sets that were begun before this are read. */
  readonly untilMs: number
}

/**
 * A read of each set by each client, for a load that was stopped before its end: without them its
 * last ids were never looked for.
 */
export function finalSetReads(options: FinalReadOptions): Schedule[] {
  return options.clients.map((client) => ({
    workload: WORKLOAD,
    ...client,
    operations: finalReadsOf(client, options),
  }))
}

function setLoad(options: SetOptions, client: Client): PlannedOperation[] {
  const { seed, readShare = DEFAULT_READ_SHARE } = options
  const random = seededRandom(`${seed}/set/${client.process}`)
  return dueTimesNs(options, client).map((dueNs, index) => {
    const set = setAt(options, dueNs)
    return random.next() < readShare
      ? {
          ...readOf(index, setName(options, pickNewestOrOlder(random, set)), dueNs),
          ...drawLatest(options, random),
        }
      : {
          index,
          kind: 'insert',
          key: setName(options, set),
          value: `${client.process}-${index}`,
          dueNs,
        }
  })
}

function finalReadsOf(client: Client, options: FinalReadOptions): PlannedOperation[] {
  const { untilMs, setSpanMs = DEFAULT_SET_SPAN_MS } = options
  const sets = Array.from({ length: Math.ceil(untilMs / setSpanMs) }, (_, set) => ({
    kind: 'read-set' as const,
    key: setName(options, set),
  }))
  return lastReadsOf(client, options, sets)
}

function readOf(index: number, key: string, dueNs: number): PlannedOperation {
  return { index, kind: 'read-set', key, dueNs }
}

function setAt({ setSpanMs = DEFAULT_SET_SPAN_MS }: SetOptions, dueNs: number): number {
  return Math.floor(dueNs / (setSpanMs * NS_PER_MS))
}

function setName({ name = WORKLOAD }: SetOptions, set: number): string {
  return `${name}-${set}`
}
