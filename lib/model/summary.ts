import type { ScenarioResult, Tier } from './scenario.ts'
import type { TargetDescription } from './target.ts'

/** How a whole run ended: what the reports are made from. Times are of the supervisor's clock. */
export interface RunSummary {
  readonly runId: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly durationMs: number
  /** That zonefall ran on, and the lab if it is one; absent in reports of earlier versions. */
  readonly machine?: MachineFacts
  /** Without secrets: `aws` carries no keys here. */
  readonly target: TargetDescription
  readonly seed: string
  /** The defect that was planted on purpose (ZONEFALL_SABOTAGE). */
  readonly sabotage?: string
  readonly tier: Tier
  readonly results: readonly ScenarioResult[]
  /** What is left that should be gone, or gone that should be left; a sentence each. */
  readonly leaks: readonly string[]
  /** What could not be undone; a sentence each. */
  readonly undoErrors: readonly string[]
  /** What went wrong in the harness itself; a sentence each. */
  readonly harnessErrors: readonly string[]
  readonly exitCode: ExitCode
  /** One sentence that says why the exit code is what it is. */
  readonly verdictText: string
  readonly interruptedBy?: 'SIGINT' | 'SIGTERM' | 'time-limit'
  /** Paths relative to the run's folder. */
  readonly timelineFile: string
  readonly journalFile: string
  readonly logFiles: readonly string[]
}

/** What figures of a run depend on that a reader may not have. */
export interface MachineFacts {
  readonly cores: number
  readonly memoryGib: number
  /** `Linux 6.18.44`. */
  readonly system: string
  /** Mean number of processes that ran or wanted to, of the last 15 minutes of the run. */
  readonly load: number
}

/**
 * 0 pass, 1 a scenario failed, 2 a verdict is unknown, 3 refused before anything was touched,
 * 4 something could not be undone, 5 the harness itself broke, 130/143 interrupted.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 130 | 143

/** Counts of all four outcomes: the last line of a run always shows them, so skips can't hide. */
export interface OutcomeCounts {
  readonly pass: number
  readonly fail: number
  readonly unknown: number
  readonly skipped: number
}

export function countOutcomes(results: readonly ScenarioResult[]): OutcomeCounts {
  const counts = { pass: 0, fail: 0, unknown: 0, skipped: 0 }
  for (const result of results) counts[result.outcome] += 1
  return counts
}
