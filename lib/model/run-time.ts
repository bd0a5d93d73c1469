import type { ScenarioInfo } from './scenario.ts'

/** How long scenarios take together, one after another. */
export interface RunTime {
  /** On the lab, where it was measured. */
  readonly typicalSeconds: number
  /** How many don't say, and are not in that. */
  readonly withoutTypicalSeconds: number
  /** On AWS, as far as that can be said before: those that don't say included. */
  readonly onAwsSeconds: number
}

/** What a scenario that doesn't say is taken to take. */
const SECONDS_OF_ONE_THAT_DOES_NOT_SAY = 600
/** EC2's states and EKS's timers take longer than the lab's. */
const TIMES_AS_LONG_ON_AWS = 2

/** The one estimate of a run's time: its plan, its cost and its credentials' end go by it. */
export function estimateRunTime(scenarios: readonly Pick<ScenarioInfo, 'options'>[]): RunTime {
  const said = scenarios.flatMap(({ options }) => options.typicalSeconds ?? [])
  const typicalSeconds = said.reduce((sum, seconds) => sum + seconds, 0)
  const withoutTypicalSeconds = scenarios.length - said.length
  const all = typicalSeconds + withoutTypicalSeconds * SECONDS_OF_ONE_THAT_DOES_NOT_SAY
  return { typicalSeconds, withoutTypicalSeconds, onAwsSeconds: all * TIMES_AS_LONG_ON_AWS }
}
