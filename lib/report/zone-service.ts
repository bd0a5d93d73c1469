import type { ZoneService } from '../model/fault-numbers.ts'
import type { OperationOutcome } from '../model/operation.ts'

/** An operation of a client; times are milliseconds of the run's clock. */
export interface ServedOperation {
  readonly dueMs: number
  /** When its outcome was known. */
  readonly doneMs: number
  readonly outcome: OperationOutcome
}

/** What the clients of one zone did. */
export interface ZoneOperations {
  readonly zone: string
  readonly operations: readonly ServedOperation[]
  readonly clockUncertaintyMs: number
}

/** From the injection to when the zone should be served as before, and to when to stop looking. */
export interface ServiceWindow {
  readonly fromMs: number
  /** Operations that were due later neither count nor fail. */
  readonly steadyMs: number
  /** An acknowledgement may come until here. */
  readonly untilMs: number
}

/** A zone that is served without a failure for so long is served again. */
const SETTLED_MS = 5000

/** A stretch in which operations fail; others may be served meanwhile. */
interface Outage {
  /** When the first operation that failed was due. */
  readonly fromMs: number
  /** When the last one was. */
  lastMs: number
  /** The first acknowledgement of an operation that was due later. */
  servedMs?: number
  /** Whether it was served for so long since that the next failure is another outage. */
  isOver: boolean
}

/**
 * How a zone was served under a fault. An outage lasts from when its first operation that failed was
 * due until the first acknowledgement after its last one: a client may be served by one node while
 * it waits in vain for another. A gap lasts from when the operation after an acknowledgement was due
 * until the next acknowledgement. What was under way at the injection waits from then on; if it
 * failed it is part of an outage, though it does not count as due.
 */
export function zoneService(
  { zone, operations, clockUncertaintyMs }: ZoneOperations,
  { fromMs, steadyMs, untilMs }: ServiceWindow,
): ZoneService {
  const counts: Record<OperationOutcome, number> = { ok: 0, fail: 0, info: 0 }
  for (const { dueMs, outcome } of operations) {
    if (dueMs >= fromMs && dueMs < steadyMs) counts[outcome] += 1
  }
  const waiting = operations
    .filter(({ doneMs }) => doneMs >= fromMs)
    .map((operation) => ({ ...operation, dueMs: Math.max(operation.dueMs, fromMs) }))
    .toSorted((a, b) => a.dueMs - b.dueMs)
  const outages = outagesOf(waiting, { fromMs, steadyMs, untilMs })
  const latencies = (wanted: (dueMs: number) => boolean): number | undefined =>
    p99(
      operations
        .filter(({ outcome, dueMs }) => outcome === 'ok' && wanted(dueMs))
        .map(({ dueMs, doneMs }) => doneMs - dueMs),
    )
  const p99Ms = latencies((dueMs) => dueMs >= fromMs && dueMs < steadyMs)
  const p99BeforeMs = latencies((dueMs) => dueMs < fromMs)
  return {
    zone,
    due: counts.ok + counts.fail + counts.info,
    ...counts,
    longestGapMs: round(longestGapMs(waiting, fromMs, untilMs)),
    // Whoever asked nothing was not out, but not served either.
    ...(waiting.length === 0
      ? {}
      : recovery(outages, fromMs, Math.min(untilMs, waiting.at(-1)?.dueMs ?? fromMs))),
    ...(p99Ms === undefined ? {} : { p99Ms: round(p99Ms) }),
    ...(p99BeforeMs === undefined ? {} : { p99BeforeMs: round(p99BeforeMs) }),
    clockUncertaintyMs: round(clockUncertaintyMs),
  }
}

function outagesOf(
  waiting: readonly ServedOperation[],
  { steadyMs, untilMs }: ServiceWindow,
): Outage[] {
  const outages: Outage[] = []
  for (const { dueMs, doneMs, outcome } of waiting) {
    const last = outages.at(-1)
    if (outcome !== 'ok') {
      if (dueMs >= steadyMs) continue
      if (!last || last.isOver) outages.push({ fromMs: dueMs, lastMs: dueMs, isOver: false })
      else {
        last.lastMs = dueMs
        delete last.servedMs
      }
    } else if (last && !last.isOver && dueMs > last.lastMs && doneMs <= untilMs) {
      last.servedMs = Math.min(last.servedMs ?? doneMs, doneMs)
      last.isOver = dueMs - last.lastMs >= SETTLED_MS
    }
  }
  return outages
}

/** @param endMs until when it is known that a zone was out that was not served again */
function recovery(
  outages: readonly Outage[],
  injectedMs: number,
  endMs: number,
): Pick<ZoneService, 'firstFailureMs' | 'rtoMs' | 'servedAgainMs'> {
  const lengthMs = ({ fromMs, servedMs = endMs }: Outage): number => servedMs - fromMs
  const [longest] = outages.toSorted((a, b) => lengthMs(b) - lengthMs(a))
  const [first] = outages
  if (!longest || !first) return { rtoMs: 0 }
  return {
    firstFailureMs: round(first.fromMs - injectedMs),
    ...(longest.servedMs === undefined
      ? {}
      : {
          rtoMs: round(lengthMs(longest)),
          servedAgainMs: round(longest.servedMs - injectedMs),
        }),
  }
}

function longestGapMs(
  waiting: readonly ServedOperation[],
  fromMs: number,
  untilMs: number,
): number {
  const acks = waiting
    .filter(({ outcome, doneMs }) => outcome === 'ok' && doneMs <= untilMs)
    .map(({ doneMs }) => doneMs)
    .toSorted((a, b) => a - b)
  // The load ends with its last operation: nothing waits after it.
  const endMs = Math.min(untilMs, waiting.at(-1)?.dueMs ?? fromMs)
  let longestMs = 0
  let lastMs = fromMs
  let next = 0
  for (const ackMs of [...acks, endMs]) {
    while ((waiting[next]?.dueMs ?? Number.POSITIVE_INFINITY) < lastMs) next += 1
    longestMs = Math.max(longestMs, ackMs - (waiting[next]?.dueMs ?? ackMs))
    lastMs = Math.max(lastMs, ackMs)
  }
  return longestMs
}

/** By nearest rank. */
function p99(lengthsMs: readonly number[]): number | undefined {
  const sorted = lengthsMs.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(0.99 * sorted.length) - 1)]
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
