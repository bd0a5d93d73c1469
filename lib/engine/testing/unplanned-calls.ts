import { FUTURE_RUN_ID, matches, type PlannedCall } from '../planned-calls.ts'

/** A call as it was made; the same words as those of a plan. */
export type MadeCall = Pick<PlannedCall, 'api' | 'call' | 'targets'>

/** Calls that were made and that no planned call covers; each as it was made. */
export function unplannedCalls(
  planned: readonly PlannedCall[],
  made: readonly MadeCall[],
): MadeCall[] {
  return made.filter(
    ({ api, call, targets }) =>
      !targets.every((target) =>
        planned.some(
          (one) =>
            one.api === api &&
            one.call === call &&
            one.targets.some((pattern) => matches(pattern, target)),
        ),
      ),
  )
}

const FUTURE_SUFFIX = FUTURE_RUN_ID.slice(-4)

/** The plan of a run that has begun: with its id where one stood for it. */
export function withRunId(planned: readonly PlannedCall[], runId: string): PlannedCall[] {
  const named = (target: string): string =>
    target.replaceAll(FUTURE_RUN_ID, runId).replaceAll(`-${FUTURE_SUFFIX}`, `-${runId.slice(-4)}`)
  return planned.map((one) => ({ ...one, targets: one.targets.map((target) => named(target)) }))
}
