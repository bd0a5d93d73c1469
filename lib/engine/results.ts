import { join } from 'node:path'
import type { ScenarioInfo, ScenarioResult } from '../model/scenario.ts'
import { readNdjson } from '../std/ndjson.ts'
import { eventSchema, resultSchema } from '../report/records.ts'
import { RUN_FILES } from './run.ts'

/**
 * The result of every chosen scenario, in their order: what the workers wrote, and `unknown` with
 * `whyMissing` for those that have none. A skipped scenario with a tag of `required` is unknown.
 */
export function assembleResults(
  dir: string,
  selected: readonly ScenarioInfo[],
  required: readonly string[],
  whyMissing: string,
): ScenarioResult[] {
  const written = new Map(
    readNdjson(join(dir, RUN_FILES.results), (value) => resultSchema.parse(value)).records.map(
      (result) => [result.id, result],
    ),
  )
  const startedAtMs = startsOf(dir)
  return selected.map((info) => {
    const result = written.get(info.id) ?? missingResult(info, whyMissing, startedAtMs.get(info.id))
    const tag = required.find((item) => result.tags.includes(item))
    if (result.outcome !== 'skipped' || tag === undefined) return result
    return {
      ...result,
      outcome: 'unknown',
      errorClass: 'SkippedButRequired',
      reason: `It was skipped, but --require ${tag} asks for it: ${result.reason ?? ''}`,
    }
  })
}

/** Ids of the scenarios that have no result yet. */
export function withoutResult(dir: string, selected: readonly ScenarioInfo[]): string[] {
  const { records } = readNdjson(join(dir, RUN_FILES.results), (value) => resultSchema.parse(value))
  const done = new Set(records.map(({ id }) => id))
  return selected.map(({ id }) => id).filter((id) => !done.has(id))
}

function missingResult(
  info: ScenarioInfo,
  why: string,
  startedAtMs: number | undefined,
): ScenarioResult {
  return {
    id: info.id,
    file: info.file,
    claim: info.claim,
    tags: info.options.tags,
    outcome: 'unknown',
    errorClass: 'NoResult',
    reason: startedAtMs === undefined ? `It never began: ${why}` : `It did not end: ${why}`,
    evidence: [],
    startedAtMs: startedAtMs ?? 0,
    durationMs: 0,
  }
}

function startsOf(dir: string): Map<string, number> {
  const { records } = readNdjson(join(dir, RUN_FILES.timeline), (value) => eventSchema.parse(value))
  return new Map(
    records
      .filter(({ kind, scenario }) => kind === 'scenario.begin' && scenario !== undefined)
      .map(({ scenario = '', atMs }) => [scenario, atMs]),
  )
}
