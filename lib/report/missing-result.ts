import type { ScenarioInfo, ScenarioResult } from '../model/scenario.ts'
import type { TimelineEvent } from '../model/timeline.ts'

/**
 * The result of a scenario that wrote none, from what the timeline has of it.
 *
 * @param why there is none: `the worker died`; completes a sentence
 */
export function missingResult(
  info: Pick<ScenarioInfo, 'id' | 'file' | 'claim'> & {
    readonly options: { readonly tags: readonly string[] }
  },
  events: readonly TimelineEvent[],
  why: string,
): ScenarioResult {
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
    durationMs: times.length === 0 ? 0 : Math.max(...times) - startedAtMs,
  }
}
