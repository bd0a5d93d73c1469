import type { FaultName } from './scenario.ts'

/** What counts as production. */
export interface ProductionPatterns {
  /** Keys of tags and labels whose value tells, in any case: `environment`. */
  readonly keys: readonly string[]
  /** Regular expression for their values, in any case: `^prod`. */
  readonly values: string
  /** Regular expression for names of clusters, contexts, node groups and namespaces, in any case. */
  readonly names: string
}

/** What a person allows a run on a shared target; all of it can only narrow what the consent says. */
export interface SafetyRules {
  /** Node groups in scope; absent: those that the consent names. */
  readonly nodeGroups?: readonly string[]
  /** Absent: those that the consent names. */
  readonly faults?: readonly FaultName[]
  /** How many nodes one fault may hit at once. */
  readonly maxBlastRadius: number
  readonly production: ProductionPatterns
  /** What the target has to be, where the settings say so: another one is refused. */
  readonly expected: {
    readonly context?: string
    readonly cluster?: string
    readonly region?: string
    readonly account?: string
  }
}

/** What holds unless the settings say something else. */
export const DEFAULT_RULES: SafetyRules = {
  maxBlastRadius: 10,
  production: {
    keys: ['environment', 'env', 'stage'],
    values: '^prod',
    names: '(^|[-_./])prod(uction)?([-_./]|$)',
  },
  expected: {},
}
