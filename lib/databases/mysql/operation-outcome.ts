import type { OperationOutcome } from '../../model/operation.ts'

/** How an operation ended that was not acknowledged, and the code that says why. */
export interface Failure {
  readonly outcome: Exclude<OperationOutcome, 'ok'>
  /** The server's own name of its answer, or of what the connection met with. */
  readonly error: string
}

/**
 * Answers after which a statement in a transaction of its own certainly did nothing: it was turned
 * away, or the server rolled it back. Of others (a shutdown, an interruption, a failure to commit)
 * the server may have committed what it couldn't say. MySQL 8.0 Error Message Reference.
 */
const REFUSALS = new Set([
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
  'ER_DUP_ENTRY',
  'ER_NO_SUCH_TABLE',
  'ER_BAD_DB_ERROR',
  'ER_PARSE_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_SPECIFIC_ACCESS_DENIED_ERROR',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
])

/** No answer came within the operation's deadline. */
export class NoAnswerInTime extends Error {
  override readonly name = 'NoAnswerInTime'
}

/** What an error says about the statement that it ended, once that was sent. Unknown is `info`. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error)
  return { outcome: REFUSALS.has(code) ? 'fail' : 'info', error: code }
}

/** The server's or the system's code for an error; its message where it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof NoAnswerInTime) return 'no answer in time'
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
