import type { ScenarioInfo, ScenarioResult } from '../model/scenario.ts'
import type { TimelineEvent } from '../model/timeline.ts'

/**
 * The result of a scenario that wrote none, from what the timeline has of it. It lasted until the
 * clean-up or the next scenario began, whatever it waited for by then without a word.
 *
 * @param why there is none: `the worker died`; completes a sentence
 * @param beside ids of the scenarios that may have run at the same time; they say nothing of it
 */
export function missingResult(
  info: Pick<ScenarioInfo, 'id' | 'file' | 'claim'> & {
    readonly options: { readonly tags: readonly string[] }
  },
  allEvents: readonly TimelineEvent[],
  why: string,
  beside: ReadonlySet<string> = new Set(),
): ScenarioResult {
  const events = allEvents.filter(({ scenario = '' }) => !beside.has(scenario))
  const times = events.filter(({ scenario }) => scenario === info.id).map(({ atMs }) => atMs)
  const startedAtMs = times.length === 0 ? 0 : Math.min(...times)
  return {
    id: info.id,
    file: info.file,
    claim: info.claim,
    tags: info.options.tags,
    outcome: 'unknown',
    errorClass: 'NoResult',
    reason: times.length === 0 ? `It never began: ${why}` : `It did not end: ${why}`,
    evidence: [],
    startedAtMs,
    durationMs: times.length === 0 ? 0 : lastBeforeNext(info.id, events, startedAtMs) - startedAtMs,
  }
}

function lastBeforeNext(id: string, events: readonly TimelineEvent[], startedAtMs: number): number {
  const nextAtMs = events
    .filter(
      ({ atMs, kind, scenario }) =>
        atMs > startedAtMs &&
        (kind === 'cleanup.begin' || (kind === 'scenario.begin' && scenario !== id)),
    )
    .reduce((earliest, { atMs }) => Math.min(earliest, atMs), Number.POSITIVE_INFINITY)
  return events
    .filter(({ atMs }) => atMs <= nextAtMs)
    .reduce((latest, { atMs }) => Math.max(latest, atMs), startedAtMs)
}
