/** Whether an error is the system's of this code: `ENOENT`, `ENOSPC`, … */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** Whether an error, or what caused it, is the system's of this code. */
export function isCausedByErrno(error: unknown, code: string): boolean {
  if (isErrno(error, code)) return true
  if (!(error instanceof Error)) return false
  const several: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  return [...several, error.cause].some((cause) => isCausedByErrno(cause, code))
}
