import { ClaimError, InconclusiveError, ZonefallError } from '../model/errors.ts'
import type { Evidence, ScenarioResult } from '../model/scenario.ts'
import { worst } from '../model/verdict.ts'
import { WaitTimeoutError } from '../std/poll.ts'

/** What an error makes of a scenario, as fields of its result. */
export type Verdictlet = Pick<
  ScenarioResult,
  'outcome' | 'errorClass' | 'reason' | 'hint' | 'stack' | 'foreign'
>

/**
 * What an error that ended a scenario says about its claim. Only a `ClaimError` refutes it; of
 * several errors the worst counts; everything else leaves the verdict unknown, and an error that
 * zonefall doesn't raise itself is a defect of the harness on top.
 */
export function outcomeOfError(error: unknown): Verdictlet {
  if (error instanceof AggregateError && error.errors.length > 0) return ofSeveral(error)
  const outcome = error instanceof ClaimError ? 'fail' : 'unknown'
  const foreign = !(error instanceof ZonefallError || error instanceof WaitTimeoutError)
  if (!(error instanceof Error)) {
    return { outcome, errorClass: typeof error, reason: String(error), foreign: true }
  }
  return {
    outcome,
    errorClass: error.name === 'Error' ? error.constructor.name : error.name,
    reason: withCauses(error),
    ...(error instanceof ZonefallError && error.hint !== undefined ? { hint: error.hint } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(foreign ? { foreign: true } : {}),
  }
}

/**
 * What the evidence says of a scenario that ended without an error: one that checked nothing has
 * proven nothing.
 */
export function outcomeOfEvidence(evidence: readonly Evidence[]): Verdictlet {
  if (evidence.length === 0) {
    return {
      outcome: 'unknown',
      errorClass: InconclusiveError.name,
      reason: 'The scenario ended without a single check.',
    }
  }
  const verdict = worst(evidence.map((item) => item.verdict))
  if (verdict === 'true') return { outcome: 'pass' }
  return {
    outcome: verdict === 'false' ? 'fail' : 'unknown',
    errorClass: verdict === 'false' ? ClaimError.name : InconclusiveError.name,
    reason: evidence.find((item) => item.verdict === verdict)?.summary ?? verdict,
  }
}

function ofSeveral(error: AggregateError): Verdictlet {
  const each = error.errors.map((item) => outcomeOfError(item))
  const decisive = each.find((item) => item.outcome === 'fail') ?? each[0]
  return {
    ...(decisive ?? { outcome: 'unknown' }),
    reason: each.map((item) => item.reason ?? '').join(' · '),
    ...(each.some((item) => item.foreign) ? { foreign: true } : {}),
  }
}

function withCauses(error: Error): string {
  const parts = [error.message]
  let cause = error.cause
  for (let depth = 0; depth < 5 && cause instanceof Error; depth += 1) {
    parts.push(cause.message)
    cause = cause.cause
  }
  // A cause continues the sentence.
  return parts
    .map((part, at) => (at < parts.length - 1 ? part.replace(/\.$/, '') : part))
    .join(': ')
}
