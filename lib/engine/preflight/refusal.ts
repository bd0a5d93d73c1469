import { PreflightError } from '../../model/errors.ts'
import type { TargetDescription } from '../../model/target.ts'

/** Why a run may not begin. */
export interface Refusal {
  /** What was checked, in a word or two: `consent`. */
  readonly check: string
  /** One sentence. */
  readonly text: string
  /** The command that mends it, or what to do where no command does. */
  readonly todo: string
}

/** The refusals as the one error that a run ends with. */
export function asError(
  refusals: readonly Refusal[],
  { kind, context }: Pick<TargetDescription, 'kind' | 'context'>,
): PreflightError {
  const [first, ...others] = refusals
  const more = [...new Set(others.map(({ check }) => check))].join(', ')
  const rest =
    others.length === 0
      ? ''
      : `\n  ${others.length} more to mend (${more}): npx zonefall doctor --target ${kind} --context ${context}`
  return new PreflightError(first?.text ?? 'The run is refused.', {
    hint: `${first?.todo ?? ''}${rest}`,
    evidence: { refusals },
  })
}
