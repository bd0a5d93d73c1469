import type { Judgement } from '../model/verdict.ts'

/** Anomalies of one kind, as a checker tells them. */
export interface Finding {
  /** How many of what: `2 of 900 acknowledged ids are lost`. */
  readonly headline: string
  /** One sentence for each, the first ones; at least one. */
  readonly details: readonly string[]
}

/** How many anomalies of a kind are told one by one, and how many are named. */
const MAX_DETAILS = 20
export const MAX_NAMED = 200

/** The finding that there are anomalies; none when there are none. */
export function findingsOf<T>(
  anomalies: readonly T[],
  headline: string,
  sentence: (anomaly: T) => string,
): Finding[] {
  if (anomalies.length === 0) return []
  return [{ headline, details: anomalies.slice(0, MAX_DETAILS).map(sentence) }]
}

/**
 * What a checker concludes: `false` when something refutes the claim, else `unknown` when something
 * could not be found out.
 *
 * @param summary what was seen when all is well, as a sentence
 */
export function judge<Seen extends object>(
  wrong: readonly Finding[],
  unknown: readonly string[],
  summary: string,
  seen: Seen,
): Judgement<Seen & { readonly details: readonly string[] }> {
  const verdict = wrong.length > 0 ? 'false' : unknown.length > 0 ? 'unknown' : 'true'
  const said = {
    true: [summary],
    false: wrong.map(({ headline, details }) => `${headline}: ${details[0] ?? ''}`),
    unknown,
  }[verdict]
  const details = wrong.flatMap((finding) => finding.details)
  return { verdict, summary: said.join(' '), evidence: { ...seen, details } }
}

/** Some of many numbers, by nearest rank. */
export interface Quantiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** Quantiles of lengths of time, in milliseconds; undefined of none. */
export function quantilesMs(lengthsNs: readonly number[]): Quantiles | undefined {
  if (lengthsNs.length === 0) return undefined
  const sorted = Float64Array.from(lengthsNs).toSorted()
  const at = (share: number): number =>
    (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) / 1e6
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

/** A time since the workload's start, for a sentence: `12.345 s`. */
export function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`
}

/** The index of the first number above a limit in rising ones; their count if there is none. */
export function firstAbove(rising: readonly number[], limit: number): number {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] ?? 0) > limit) high = middle
    else low = middle + 1
  }
  return low
}
