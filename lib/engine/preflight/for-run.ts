import { estimateRunTime } from '../../model/run-time.ts'
import type { SafetyRules } from '../../model/safety-rules.ts'
import type { ScenarioInfo } from '../../model/scenario.ts'
import type { StartedTarget, StepEvent, Target } from '../../targets/target.ts'
import { unmetNeeds } from '../conduct.ts'
import type { RunOptions } from '../records.ts'
import { setupManifests, setupsOf } from '../setup-manifests.ts'
import { clearTarget, type PreflightOptions } from './preflight.ts'

type Chosen = Pick<RunOptions, 'manifests' | 'timeLimitMs'>

/** Undoing, collecting and reporting, at the worst. */
const ENDING_MS = 15 * 60_000

/** What preflight has to know of a run: its faults, how long it may take, and what it deploys. */
export function preflightOptions(
  selected: readonly ScenarioInfo[],
  { description }: Pick<StartedTarget, 'description'>,
  { manifests, timeLimitMs }: Chosen,
  rules: SafetyRules,
): PreflightOptions {
  const running = selected.filter((info) => unmetNeeds(info, description).length === 0)
  return {
    rules,
    faults: [...new Set(running.flatMap(({ options }) => options.faults ?? []))],
    plannedMs: (timeLimitMs ?? estimateRunTime(running).onAwsSeconds * 1000) + ENDING_MS,
    manifests: async () =>
      (
        await Promise.all(setupsOf(running).map((setup) => setupManifests(setup, manifests)))
      ).flat(),
  }
}

/**
 * Clears a target for a run, telling it as a step. A target that is the run's alone needs it not.
 *
 * @param note is told what is worth writing down, a sentence at a time
 * @returns the target with what the run may touch of it
 * @throws PreflightError with the first thing that is in the way, and what mends it
 */
export async function clearForRun(
  { rules }: Pick<Target, 'rules'>,
  started: StartedTarget,
  chosen: { readonly selected: readonly ScenarioInfo[]; readonly options: Chosen },
  tell: { readonly onStep: (event: StepEvent) => void; readonly note: (text: string) => void },
): Promise<StartedTarget> {
  if (rules === undefined) return started
  const beganMs = performance.now()
  const step = { id: 'preflight', text: 'See whether the cluster may be touched' }
  const elapsed = () => ({ elapsedMs: Math.round(performance.now() - beganMs) })
  tell.onStep({ ...step, state: 'begin' })
  try {
    const options = preflightOptions(chosen.selected, started, chosen.options, rules)
    const { description, notes } = await clearTarget(started, options)
    tell.onStep({ ...step, state: 'end', ...elapsed() })
    for (const text of notes) tell.note(text)
    return { ...started, description }
  } catch (error) {
    tell.onStep({ ...step, state: 'fail', ...elapsed() })
    throw error
  }
}
