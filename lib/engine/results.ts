import { join } from 'node:path'
import type { ScenarioInfo, ScenarioResult } from '../model/scenario.ts'
import { scenariosBeside, type Stage } from '../model/stage.ts'
import { readNdjson } from '../std/ndjson.ts'
import { missingResult } from '../report/missing-result.ts'
import { readTimeline, resultSchema } from '../report/records.ts'
import { RUN_FILES } from './run.ts'

/** The scenarios of a run and when their files run; a run has it, and its `run.json`. */
interface ChosenScenarios {
  readonly selected: readonly ScenarioInfo[]
  readonly stages?: readonly Stage[]
}

/**
 * The result of every chosen scenario, in their order: what the workers wrote, and `unknown` with
 * `whyMissing` for those that have none. A skipped scenario with a tag of `required` is unknown.
 */
export function assembleResults(
  dir: string,
  { selected, stages = [] }: ChosenScenarios,
  required: readonly string[],
  whyMissing: string,
): ScenarioResult[] {
  const written = new Map(
    readNdjson(join(dir, RUN_FILES.results), (value) => resultSchema.parse(value)).records.map(
      (result) => [result.id, result],
    ),
  )
  const events = readTimeline(join(dir, RUN_FILES.timeline))
  return selected.map((info) => {
    const result =
      written.get(info.id) ??
      missingResult(info, events, whyMissing, scenariosBeside(stages, selected, info.file))
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
