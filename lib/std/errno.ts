/** Whether an error is the system's of this code: `ENOENT`, `ENOSPC`, … */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
