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

interface Gap {
  readonly fromMs: number
  readonly toMs: number
  /** Whether an acknowledgement ended it. */
  readonly ended: boolean
}

/**
 * How a zone was served under a fault. A gap lasts from when the operation after an acknowledgement
 * was due until the next acknowledgement; before the fault it counts from the fault on. An operation
 * that was under way at the injection and failed counts as a failure, though not as one that was
 * due. n log n.
 */
export function zoneService(
  { zone, operations, clockUncertaintyMs }: ZoneOperations,
  { fromMs, steadyMs, untilMs }: ServiceWindow,
): ZoneService {
  const counts: Record<OperationOutcome, number> = { ok: 0, fail: 0, info: 0 }
  for (const { dueMs, outcome } of operations) {
    if (dueMs >= fromMs && dueMs < steadyMs) counts[outcome] += 1
  }
  const failed = operations.filter(
    ({ outcome, dueMs, doneMs }) => outcome !== 'ok' && doneMs >= fromMs && dueMs < steadyMs,
  )
  const gaps = gapsOf(operations, fromMs, untilMs)
  const outage = gaps.find((gap) =>
    failed.some(({ dueMs, doneMs }) => dueMs < gap.toMs && doneMs >= gap.fromMs),
  )
  const rto = outage?.ended ? recovery(outage, fromMs) : failed.length === 0 ? { rtoMs: 0 } : {}
  const [gap] = gaps
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
    longestGapMs: gap ? round(gap.toMs - gap.fromMs) : 0,
    ...(failed.length === 0
      ? {}
      : { firstFailureMs: round(Math.min(...failed.map(({ doneMs }) => doneMs)) - fromMs) }),
    ...rto,
    ...(p99Ms === undefined ? {} : { p99Ms: round(p99Ms) }),
    ...(p99BeforeMs === undefined ? {} : { p99BeforeMs: round(p99BeforeMs) }),
    clockUncertaintyMs: round(clockUncertaintyMs),
  }
}

function recovery(
  outage: Gap,
  injectedMs: number,
): Required<Pick<ZoneService, 'rtoMs' | 'servedAgainMs'>> {
  return {
    rtoMs: round(outage.toMs - outage.fromMs),
    servedAgainMs: round(outage.toMs - injectedMs),
  }
}

/** The longest first. */
function gapsOf(operations: readonly ServedOperation[], fromMs: number, untilMs: number): Gap[] {
  const dues = operations
    .filter(({ doneMs }) => doneMs >= fromMs)
    .map(({ dueMs }) => Math.max(dueMs, fromMs))
    .toSorted((a, b) => a - b)
  const acks = operations
    .filter(({ outcome, doneMs }) => outcome === 'ok' && doneMs >= fromMs && doneMs <= untilMs)
    .map(({ doneMs }) => doneMs)
    .toSorted((a, b) => a - b)
  const gaps: Gap[] = []
  let lastMs = fromMs
  let next = 0
  const waitingSince = (): number | undefined => {
    while ((dues[next] ?? Number.POSITIVE_INFINITY) < lastMs) next += 1
    return dues[next]
  }
  for (const ackMs of acks) {
    const sinceMs = waitingSince()
    if (sinceMs !== undefined && sinceMs < ackMs) {
      gaps.push({ fromMs: sinceMs, toMs: ackMs, ended: true })
    }
    lastMs = ackMs
  }
  const sinceMs = waitingSince()
  // The load ends with its last operation: nothing waits after it.
  const endMs = Math.min(untilMs, dues.at(-1) ?? fromMs)
  if (sinceMs !== undefined && sinceMs <= endMs) {
    gaps.push({ fromMs: sinceMs, toMs: endMs, ended: false })
  }
  return gaps.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs))
}

/** By nearest rank. */
function p99(lengthsMs: readonly number[]): number | undefined {
  const sorted = lengthsMs.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(0.99 * sorted.length) - 1)]
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
