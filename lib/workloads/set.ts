import type { Client, PlannedOperation, Schedule } from '../model/operation.ts'
import { seededRandom } from '../std/random.ts'
import { drawLatest, dueTimesNs, NS_PER_MS } from './pace.ts'
import {
  finalReads,
  type LastReadOptions,
  pickNewestOrOlder,
  type Series,
  type SeriesOptions,
  seriesSchedules,
} from './series.ts'

export interface SetOptions extends SeriesOptions {
  /** For how long inserts go into the same set, before the next one begins. */
  readonly setSpanMs?: number
}

const DEFAULT_READ_SHARE = 0.05
/**
 * A read brings a whole set back, so that reads of one ever growing set would make the history grow
 * with the square of time. A set of 20 s holds some 600 ids at default rates, and every read of it
 * some kilobytes.
 */
const DEFAULT_SET_SPAN_MS = 20_000

const SETS: Series<SetOptions> = {
  workload: 'set',
  load: setLoad,
  reads: (options, untilMs) =>
    Array.from({ length: Math.ceil(untilMs / spanMsOf(options)) }, (_, set) => ({
      kind: 'read-set',
      key: setName(options, set),
    })),
}

/**
 * Inserts unique ids, and reads now and then what is there: half of the reads look at the set that
 * is being filled, for ids that show late, half at an older one, for ids that vanish. All clients
 * fill and read the same sets; ids are the client's own. At the end each client reads each set.
 * After Jepsen's set workload (jepsen/src/jepsen/tests and checker.clj, set-full), split over time.
 */
export function setSchedules(options: SetOptions): Schedule[] {
  return seriesSchedules(SETS, options)
}

/** A read of each set by each client: see `finalReads`. */
export function finalSetReads(options: SetOptions & LastReadOptions): Schedule[] {
  return finalReads(SETS, options)
}

function setLoad(options: SetOptions, client: Client): PlannedOperation[] {
  const { seed, readShare = DEFAULT_READ_SHARE } = options
  const random = seededRandom(`${seed}/set/${client.process}`)
  return dueTimesNs(options, client).map((dueNs, index): PlannedOperation => {
    const set = Math.floor(dueNs / (spanMsOf(options) * NS_PER_MS))
    if (random.next() < readShare) {
      const key = setName(options, pickNewestOrOlder(random, set))
      return { index, kind: 'read-set', key, ...drawLatest(options, random), dueNs }
    }
    const value = `${client.process}-${index}`
    return { index, kind: 'insert', key: setName(options, set), value, dueNs }
  })
}

function spanMsOf({ setSpanMs = DEFAULT_SET_SPAN_MS }: SetOptions): number {
  return setSpanMs
}

function setName({ name = SETS.workload }: SetOptions, set: number): string {
  return `${name}-${set}`
}
