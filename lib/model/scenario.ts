import type { FaultNumbers } from './fault-numbers.ts'
import { CAPABILITIES, type Capability } from './target.ts'

/** How much a run includes: each tier holds the ones before it. */
export const TIERS = ['smoke', 'nightly', 'full'] as const
export type Tier = (typeof TIERS)[number]

/** What a scenario's file declares beside its claim. */
export interface ScenarioOptions {
  readonly tags: readonly string[]
  /** Default `nightly`. */
  readonly tier?: Tier
  readonly needs?: ScenarioNeeds
  /** Which faults its body injects; `zonefall plan` names what each would hit. */
  readonly faults?: readonly FaultName[]
  /**
   * Variables of the database's container, in place of the manifests' own. One deployment serves a
   * file, so all its scenarios have the same.
   */
  readonly env?: Readonly<Record<string, string>>
  /** Whole seconds that it usually takes on the lab; `zonefall plan` adds them up. */
  readonly typicalSeconds?: number
}

/** The faults that there are; one file each in `lib/faults/`. */
export const FAULT_NAMES = [
  'cordon-zone',
  'drain-zone',
  'delete-pod',
  'kill-process',
  'pause-process',
  'stop-instance',
  'power-cut',
  'out-of-service',
  'terminate-instance',
  'reboot-instance',
  'detach-volume',
  'zone-outage',
  'two-zone-outage',
  'zone-partition',
  'capacity-outage',
] as const
export type FaultName = (typeof FAULT_NAMES)[number]

/**
 * What a scenario declares that there isn't, as a sentence and what there is; undefined when all is
 * known. What runs the files erases their types, and whoever tries a scenario may not check them.
 */
export function unknownWord(
  options: ScenarioOptions,
): { readonly said: string; readonly known: readonly string[] } | undefined {
  const words: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['fault', options.faults ?? [], FAULT_NAMES],
    ['tier', options.tier === undefined ? [] : [options.tier], TIERS],
    ['capability', options.needs?.capabilities ?? [], CAPABILITIES],
  ]
  for (const [what, used, known] of words) {
    const wrong = used.find((word) => !known.includes(word))
    if (wrong !== undefined) return { said: `there is no ${what} ${wrong}`, known }
  }
  return undefined
}

export interface ScenarioNeeds {
  /** At least this many zones with a usable node. */
  readonly zones?: number
  /** At least this many nodes in each zone. */
  readonly nodesPerZone?: number
  readonly capabilities?: readonly Capability[]
}

/** A scenario as `zonefall list` shows it. `id` is `<system>/<file>/<slug of the claim>`. */
export interface ScenarioInfo {
  readonly id: string
  readonly file: string
  readonly claim: string
  readonly options: ScenarioOptions
}

export type ScenarioOutcome = 'pass' | 'fail' | 'unknown' | 'skipped'

/** One line of `results.ndjson`. */
export interface ScenarioResult {
  readonly id: string
  readonly file: string
  readonly claim: string
  readonly tags: readonly string[]
  readonly outcome: ScenarioOutcome
  /** Class of the error, for JUnit's `type`; absent when passed. */
  readonly errorClass?: string
  /** Why it failed, is unknown or was skipped. */
  readonly reason?: string
  readonly hint?: string
  readonly stack?: string
  /** Set when the error is not one that zonefall raises: a defect of the harness; exit code 5. */
  readonly foreign?: true
  readonly evidence: readonly Evidence[]
  /** What its faults did; one for each time that it broke something. Absent where it broke nothing. */
  readonly numbers?: readonly FaultNumbers[]
  /** Milliseconds since the start of the run. */
  readonly startedAtMs: number
  readonly durationMs: number
}

/** One assertion that a scenario made and what it saw. */
export interface Evidence {
  readonly check: string
  readonly verdict: 'true' | 'false' | 'unknown'
  readonly summary: string
  readonly data?: Readonly<Record<string, unknown>>
  /** Numbers of it that are to be seen beside one another; reports draw them. */
  readonly chart?: BarChart
}

/** Bars below one another, each as long as its value beside the longest. */
export interface BarChart {
  readonly title: string
  readonly bars: readonly {
    readonly label: string
    readonly value: number
    /** The value as a person reads it, with its unit. */
    readonly text: string
    /** Set for what was not measured in the run, and stands there for comparison. */
    readonly isReference?: true
  }[]
}
