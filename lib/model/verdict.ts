/** The three answers a check can give. `unknown` is never green: a checker that saw nothing says it. */
export type Verdict = 'true' | 'false' | 'unknown'

/** What a checker or an assertion concluded, with what it saw. */
export interface Judgement<Seen = Readonly<Record<string, unknown>>> {
  readonly verdict: Verdict
  /** One sentence for a person: what was claimed and what was seen. */
  readonly summary: string
  /** What was seen, as plain data: it goes into reports. */
  readonly evidence: Seen
}

const SEVERITY: Record<Verdict, number> = { true: 0, unknown: 1, false: 2 }

/** The worst of several verdicts: false, then unknown, then true. Of none it is `unknown`. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce<Verdict>(
    (a, b) => (SEVERITY[b] > SEVERITY[a] ? b : a),
    verdicts.length === 0 ? 'unknown' : 'true',
  )
}
