import type { OperationOutcome, OperationRecord } from '../model/operation.ts'
import type { Judgement } from '../model/verdict.ts'
import {
  type Finding,
  firstAbove,
  judge,
  type Quantiles,
  quantilesMs,
  seconds,
} from './findings.ts'

/** A stretch of the run: `before`, `during` or `after` a fault. */
export interface Phase {
  readonly name: string
  readonly fromNs: number
  readonly untilNs: number
}

/** What is claimed of the clients of one zone in one phase; what is left out is not claimed. */
export interface AvailabilityClaim {
  readonly zone: string
  readonly phase: string
  /**
   * With fewer acknowledged operations nothing is proven: unknown, unless refuted. Default 1, and 0
   * where `maxRatio` claims that they fail.
   */
  readonly minAcknowledged?: number
  /** Of the operations that were due, the share that was acknowledged, 0 … 1. */
  readonly minRatio?: number
  readonly maxRatio?: number
  readonly maxGapMs?: number
  /** Until the first success of an operation that was sent in the phase. */
  readonly maxFirstSuccessMs?: number
}

export interface AvailabilityOptions {
  /** By how much any client's clock may be off the one that the phases are told by. */
  readonly clockUncertaintyNs: number
  readonly phases: readonly Phase[]
  readonly claims: readonly AvailabilityClaim[]
}

/** What was seen of one zone in one phase. */
export type ZoneAvailability = {
  readonly zone: string
  readonly phase: string
  readonly due: number
  readonly ok: number
  readonly fail: number
  readonly info: number
  /** `ok / due`; absent when nothing was due. */
  readonly ratio?: number
  readonly longestGap: { readonly fromMs: number; readonly lengthMs: number }
  /** From the phase's begin; absent when nothing succeeded. After a fault or heal this is the RTO. */
  readonly firstSuccessMs?: number
  /** From when an acknowledged operation was due. */
  readonly latencyMs?: Quantiles
  /** Why operations were not acknowledged, and how many. */
  readonly errors: Readonly<Record<string, number>>
}

export type AvailabilityEvidence = {
  readonly zones: readonly ZoneAvailability[]
  readonly details: readonly string[]
}

interface ZoneHistory {
  readonly records: readonly OperationRecord[]
  /** When each acknowledgement came, rising. */
  readonly okNs: readonly number[]
  /** When each operation was due, rising. */
  readonly dueNs: readonly number[]
}

/**
 * Whether the clients of a zone were served, phase by phase.
 * - An operation belongs to the phase in which it was due (open loop), if that is sure by the clocks'
 *   uncertainty. One that was due just before a fault and hit by it counts before: whoever claims
 *   all of a phase leaves the longest an operation may take out at its end.
 * - A gap is time without an acknowledgement in the zone while an operation waits: from when the
 *   next one was due. It is cut at the phase's ends, and ends with the load.
 * - The first success is the first acknowledgement of an operation that was sent in the phase.
 *
 * A claim that is broken makes it false; too few acknowledged operations, or none due, unknown.
 * Operations without a record count as `info`: see `completeHistory`. n log n.
 *
 * @throws RangeError on a claim about a phase that there isn't
 */
export function checkAvailability(
  history: Iterable<OperationRecord>,
  { clockUncertaintyNs, phases, claims }: AvailabilityOptions,
): Judgement<AvailabilityEvidence> {
  const zones = zonesOf(history)
  const seen = [...zones].flatMap(([zone, ofZone]) =>
    phases.map((phase) => measure(zone, ofZone, phase, clockUncertaintyNs)),
  )
  const wrong: Finding[] = []
  const unknown: string[] = claims.length === 0 ? ['Nothing is claimed of any zone.'] : []
  for (const claim of claims) {
    const phase = phases.find(({ name }) => name === claim.phase)
    if (phase === undefined) {
      throw new RangeError(
        `There is no phase ${claim.phase}; there are ${phases.map(({ name }) => name).join(', ')}.`,
      )
    }
    const row = seen.find((one) => one.zone === claim.zone && one.phase === claim.phase)
    if (row === undefined || row.due === 0) {
      unknown.push(`No operation of zone ${claim.zone} was due ${within(phase)}.`)
      continue
    }
    const details = broken(claim, row, phase, (2 * clockUncertaintyNs) / 1e6)
    if (details.length > 0) {
      wrong.push({ headline: `Zone ${claim.zone}, ${phase.name}`, details })
    }
    const needed = claim.minAcknowledged ?? (claim.maxRatio === undefined ? 1 : 0)
    if (row.ok < needed) {
      unknown.push(
        `${row.ok} of ${row.due} operations of zone ${claim.zone} were acknowledged ` +
          `${within(phase)}; ${needed} are needed to say anything.`,
      )
    }
  }
  return judge(wrong, unknown, claims.map((claim) => told(claim, seen)).join(' '), { zones: seen })
}

function zonesOf(history: Iterable<OperationRecord>): Map<string, ZoneHistory> {
  const zones = new Map<string, OperationRecord[]>()
  for (const record of history) {
    const records = zones.get(record.zone)
    if (records === undefined) zones.set(record.zone, [record])
    else records.push(record)
  }
  return new Map(
    [...zones].map(([zone, records]) => {
      const okNs = records.filter(({ outcome }) => outcome === 'ok').map(({ doneNs }) => doneNs)
      const dueNs = records.map((record) => record.dueNs)
      return [zone, { records, okNs: rising(okNs), dueNs: rising(dueNs) }]
    }),
  )
}

function measure(
  zone: string,
  ofZone: ZoneHistory,
  phase: Phase,
  uncertaintyNs: number,
): ZoneAvailability {
  const counts: Record<OperationOutcome, number> = { ok: 0, fail: 0, info: 0 }
  const errors = new Map<string, number>()
  const latenciesNs: number[] = []
  let firstOkNs = Number.POSITIVE_INFINITY
  for (const { dueNs, sentNs, doneNs, outcome, error = 'without a code' } of ofZone.records) {
    const inPhase = sentNs - uncertaintyNs > phase.fromNs && doneNs < phase.untilNs
    if (outcome === 'ok' && inPhase) firstOkNs = Math.min(firstOkNs, doneNs)
    if (dueNs - uncertaintyNs < phase.fromNs || dueNs + uncertaintyNs >= phase.untilNs) continue
    counts[outcome] += 1
    if (outcome === 'ok') latenciesNs.push(doneNs - dueNs)
    else errors.set(error, (errors.get(error) ?? 0) + 1)
  }
  const due = counts.ok + counts.fail + counts.info
  const latencyMs = quantilesMs(latenciesNs)
  return {
    zone,
    phase: phase.name,
    due,
    ...counts,
    ...(due === 0 ? {} : { ratio: counts.ok / due }),
    longestGap: longestGap(ofZone, phase),
    ...(firstOkNs === Number.POSITIVE_INFINITY
      ? {}
      : { firstSuccessMs: (firstOkNs - phase.fromNs) / 1e6 }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    errors: Object.fromEntries([...errors].toSorted(([, a], [, b]) => b - a)),
  }
}

function longestGap({ okNs, dueNs }: ZoneHistory, phase: Phase): ZoneAvailability['longestGap'] {
  const endNs = Math.min(phase.untilNs, dueNs.at(-1) ?? phase.fromNs)
  const inside = okNs.slice(firstAbove(okNs, phase.fromNs), firstAbove(okNs, endNs - 1))
  let longest = { fromMs: phase.fromNs / 1e6, lengthMs: 0 }
  let lastNs = phase.fromNs
  for (const okOrEndNs of [...inside, endNs]) {
    const waitingFromNs = dueNs[firstAbove(dueNs, lastNs - 1)] ?? okOrEndNs
    const lengthMs = (okOrEndNs - waitingFromNs) / 1e6
    if (lengthMs > longest.lengthMs) longest = { fromMs: waitingFromNs / 1e6, lengthMs }
    lastNs = okOrEndNs
  }
  return longest
}

function rising(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b)
}

/** What of a claim does not hold, one sentence each. */
function broken(
  claim: AvailabilityClaim,
  row: ZoneAvailability,
  phase: Phase,
  toleranceMs: number,
): string[] {
  const { zone, minRatio, maxRatio, maxGapMs, maxFirstSuccessMs } = claim
  const { ratio = 0, longestGap: gap, firstSuccessMs } = row
  const share =
    `${row.ok} of ${row.due} operations that were due in zone ${zone} ${within(phase)} were ` +
    `acknowledged (${percent(ratio)})`
  const sentences: string[] = []
  if (minRatio !== undefined && ratio < minRatio) {
    sentences.push(`${share}, not at least ${percent(minRatio)}; ${causes(row)}.`)
  }
  if (maxRatio !== undefined && ratio > maxRatio) {
    sentences.push(`${share}, not at most ${percent(maxRatio)}.`)
  }
  if (maxGapMs !== undefined && gap.lengthMs > maxGapMs + toleranceMs) {
    sentences.push(
      `Nothing was acknowledged in zone ${zone} from ${seconds(gap.fromMs * 1e6)} for ` +
        `${seconds(gap.lengthMs * 1e6)}, longer than ${seconds(maxGapMs * 1e6)}; ${causes(row)}.`,
    )
  }
  if (maxFirstSuccessMs !== undefined) {
    const observedMs = (phase.untilNs - phase.fromNs) / 1e6
    if ((firstSuccessMs ?? observedMs) > maxFirstSuccessMs + toleranceMs) {
      const first =
        firstSuccessMs === undefined
          ? `Nothing that was sent in zone ${zone} ${within(phase)} was acknowledged in it`
          : `The first success in zone ${zone} came ${seconds(firstSuccessMs * 1e6)} into the phase ${phase.name}`
      sentences.push(`${first}; it was due within ${seconds(maxFirstSuccessMs * 1e6)}.`)
    }
  }
  return sentences
}

function told({ zone, phase }: AvailabilityClaim, seen: readonly ZoneAvailability[]): string {
  const row = seen.find((one) => one.zone === zone && one.phase === phase)
  if (row === undefined) return ''
  const gap = seconds(row.longestGap.lengthMs * 1e6)
  return `Zone ${zone} ${phase}: ${row.ok} of ${row.due} acknowledged, longest gap ${gap}.`
}

function causes({ errors }: ZoneAvailability): string {
  const counted = Object.entries(errors).slice(0, 3)
  return counted.length === 0
    ? 'no operation was refused'
    : `the others: ${counted.map(([error, count]) => `${count} × ${error}`).join(', ')}`
}

function within({ name, fromNs, untilNs }: Phase): string {
  return `${name} (${seconds(fromNs)} to ${seconds(untilNs)})`
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)} %`
}
