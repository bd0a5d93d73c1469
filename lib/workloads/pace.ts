import type { Client } from '../model/operation.ts'
import type { Random } from '../std/random.ts'

export const NS_PER_MS = 1_000_000
export const NS_PER_SECOND = 1e9

/** What every workload is told. */
export interface LoadOptions {
  readonly seed: string
  /** Who takes part, one schedule each; the same clients in the same order give the same bytes. */
  readonly clients: readonly Client[]
  /** For how long operations are due, from 0. */
  readonly durationMs: number
  /** Operations per second and client. Low by default: the claims are about loss, not throughput. */
  readonly ratePerSecond?: number
  /**
   * Of the reads while the load runs, the share that goes to the server that takes writes; where
   * replicas may lag, else 0. The reads at its end all do so then. See `PlannedOperation.latest`.
   */
  readonly latestShare?: number
}

/** Operations per second and client; with a client in each of three zones that is 30. */
export const DEFAULT_RATE_PER_SECOND = 10

/**
 * When the operations of a client are due: open loop, operation i at `start + i / rate`, whatever
 * became of the ones before. Clients are staggered over one interval, so that they don't send at once.
 *
 * @throws RangeError on a rate or duration that isn't positive, or two clients with one name
 */
export function dueTimesNs(options: LoadOptions, client: Client): number[] {
  const { clients, durationMs, ratePerSecond = DEFAULT_RATE_PER_SECOND } = options
  if (!(ratePerSecond > 0 && durationMs > 0)) {
    throw new RangeError(
      `A load needs a positive rate and duration, not ${ratePerSecond} per second for ${durationMs} ms.`,
    )
  }
  if (new Set(clients.map(({ process }) => process)).size < clients.length) {
    throw new RangeError('Each client of a load needs a process name of its own.')
  }
  const turn = clients.indexOf(client) / clients.length
  const intervalNs = NS_PER_SECOND / ratePerSecond
  const count = Math.max(0, Math.ceil((durationMs * NS_PER_MS) / intervalNs - turn))
  return Array.from({ length: count }, (_, i) => Math.floor((i + turn) * intervalNs))
}

/** Of a read: whether it is one of the latest. Draws nothing where there are none. */
export function drawLatest({ latestShare = 0 }: LoadOptions, random: Random): { latest?: true } {
  return latestShare > 0 && random.next() < latestShare ? { latest: true } : {}
}
