/**
 * What the end of a statement that did not succeed says. Only `read-only` says for certain that the
 * server refused a write for being a replica, and `unreachable` that there was no server to take it;
 * after `no-answer` and `connection` nobody knows what became of it.
 */
export type SqlFailure = 'read-only' | 'unreachable' | 'no-answer' | 'connection' | 'other'

/** --read-only and --super-read-only; Server Error Message Reference. */
const OPTION_PREVENTS_STATEMENT = 1290

/** The client could not connect: 2003 of the program `mysql`, and 2005 for a name that there isn't. */
const NOT_REACHED = [2003, 2005]

/** Lost while the statement was under way: 2006 gone away, 2013 lost. */
const LOST = [2006, 2013]

/** Sorts by the number that server and client programs give their errors. */
export function failureOfNumber(errno: number | undefined): SqlFailure {
  if (errno === undefined) return 'other'
  if (errno === OPTION_PREVENTS_STATEMENT) return 'read-only'
  if (NOT_REACHED.includes(errno)) return 'unreachable'
  return LOST.includes(errno) ? 'connection' : 'other'
}

/** Sorts what the driver throws: the server's errors have a number, those of the connection a code. */
export function failureOfError(error: unknown): SqlFailure {
  if (!(error instanceof Error)) return 'other'
  if ('fatal' in error && error.fatal === true) return 'connection'
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined
  return failureOfNumber(errno)
}

/** The number in what the program `mysql` says: `ERROR 1290 (HY000) at line 1: …`. */
export function errorNumberIn(text: string): number | undefined {
  const number = /^ERROR (\d+) /m.exec(text)?.[1]
  return number === undefined ? undefined : Number(number)
}
