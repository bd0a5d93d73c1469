import cassandra from 'cassandra-driver'
import type { OperationOutcome } from '../../model/operation.ts'

/** How an operation ended that the database did not acknowledge, and the code that says why. */
export interface Failure {
  readonly outcome: Exclude<OperationOutcome, 'ok'>
  /** The server's own name of its answer, or of what the driver met with. */
  readonly error: string
}

const CODES = new Map(
  Object.entries(cassandra.types.responseErrorCodes).map(([name, code]) => [code, name]),
)

/**
 * Answers by which a coordinator turns a request away before any replica is asked; native
 * protocol v4, section 9. Overloaded is not among them: a coordinator may say so when some replicas
 * have been sent the write.
 */
const REFUSALS = new Set([
  'unavailableException',
  'isBootstrapping',
  'syntaxError',
  'unauthorized',
  'invalid',
  'configError',
  'alreadyExists',
  'unprepared',
])

/**
 * What an error of the driver says about the request it ended, for a client that never sends a
 * request twice (FallthroughRetryPolicy, not idempotent, no speculative execution). The driver then
 * goes on to the next node only while nothing has been written to a socket, so that
 * NoHostAvailableError means that nobody was sent anything. Whatever is not known is `info`.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof cassandra.errors.ResponseError) {
    const name = CODES.get(error.code) ?? `code ${error.code}`
    return { outcome: REFUSALS.has(name) ? 'fail' : 'info', error: name }
  }
  if (error instanceof cassandra.errors.NoHostAvailableError) {
    return { outcome: 'fail', error: `no host available${firstReason(error.innerErrors)}` }
  }
  if (error instanceof cassandra.errors.OperationTimedOutError) {
    return { outcome: 'info', error: 'no answer in time' }
  }
  return { outcome: 'info', error: error instanceof Error ? error.message : String(error) }
}

/** Why the first of the nodes could not be used: one is enough to tell refused from unknown. */
function firstReason(innerErrors: unknown): string {
  const [first] = typeof innerErrors === 'object' ? Object.values(innerErrors ?? {}) : []
  return first instanceof Error ? `: ${first.message}` : ''
}
