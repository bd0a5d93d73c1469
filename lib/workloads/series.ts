import type { Client, PlannedOperation, Schedule } from '../model/operation.ts'
import type { Random } from '../std/random.ts'
import { DEFAULT_RATE_PER_SECOND, type LoadOptions, NS_PER_MS, NS_PER_SECOND } from './pace.ts'

/** Options of a load that fills one thing after the other, sets or banks, and reads all at its end. */
export interface SeriesOptions extends LoadOptions {
  /** Which share of the operations reads what is being filled, or was before; the others write. */
  readonly readShare?: number
  /**
   * How long after the load everything is read, milliseconds: longer than an operation may take, or
   * a write that is acknowledged late is never looked for. Default 5000.
   */
  readonly settleMs?: number
  /** Names what is filled, so that two loads on one table don't meet. */
  readonly name?: string
}

/** Options of the reads at the end of a load that was stopped before its own. */
export interface LastReadOptions extends LoadOptions {
  /** What was begun before this is read, milliseconds. */
  readonly untilMs: number
  /** When the first read is due: once the last write has ended. */
  readonly startMs: number
  /** Index of the first read: above those that the client was given before. */
  readonly firstIndex: number
}

const DEFAULT_SETTLE_MS = 5_000

/**
 * What a kind of load is made of: `load` is what a client does, `reads` what it reads at the end of
 * all that was begun before `untilMs`.
 */
export interface Series<Options extends SeriesOptions> {
  readonly workload: string
  load(options: Options, client: Client): PlannedOperation[]
  reads(options: Options, untilMs: number): Pick<PlannedOperation, 'kind' | 'key'>[]
}

/** A schedule for each client: its load, and when that has settled a read of everything. */
export function seriesSchedules<Options extends SeriesOptions>(
  series: Series<Options>,
  options: Options,
): Schedule[] {
  const { clients, durationMs, settleMs = DEFAULT_SETTLE_MS } = options
  const reads = series.reads(options, durationMs)
  return clients.map((client) => {
    const load = series.load(options, client)
    const last = lastReadsOf(client, reads, {
      ...options,
      startMs: durationMs + settleMs,
      firstIndex: (load.at(-1)?.index ?? -1) + 1,
    })
    return { workload: series.workload, ...client, operations: [...load, ...last] }
  })
}

/**
 * A read of everything by each client, for a load that was stopped before its end: without them what
 * was written last was never looked for.
 */
export function finalReads<Options extends SeriesOptions>(
  series: Series<Options>,
  options: Options & LastReadOptions,
): Schedule[] {
  const reads = series.reads(options, options.untilMs)
  return options.clients.map((client) => ({
    workload: series.workload,
    ...client,
    operations: lastReadsOf(client, reads, options),
  }))
}

/** Which of those that a load fills one after the other is read: the newest or, as often, an older one. */
export function pickNewestOrOlder(random: Random, newest: number): number {
  const older = random.int(newest)
  return newest === 0 || random.next() < 0.5 ? newest : older
}

/** Reads at the end of a load, at its rate; where replicas may lag, of the latest. */
function lastReadsOf(
  client: Client,
  reads: readonly Pick<PlannedOperation, 'kind' | 'key'>[],
  options: Omit<LastReadOptions, 'untilMs'>,
): PlannedOperation[] {
  const { startMs, firstIndex, clients } = options
  const { ratePerSecond = DEFAULT_RATE_PER_SECOND, latestShare = 0 } = options
  const turn = clients.indexOf(client) / clients.length
  return reads.map((read, i) => ({
    index: firstIndex + i,
    ...read,
    ...(latestShare > 0 ? { latest: true as const } : {}),
    dueNs: Math.floor(startMs * NS_PER_MS + ((i + turn) / ratePerSecond) * NS_PER_SECOND),
  }))
}
