import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from './error-facts.ts'
import { LabError } from './lab-error.ts'

/**
 * Asks `probe` until it returns something other than undefined. What it throws counts as «not yet»,
 * but for a LabError, which says that waiting is pointless.
 *
 * @throws LabError on the deadline, naming what was waited for, how long, and the last error seen.
 */
export async function until<T>(
  what: string,
  options: { timeoutMs: number; intervalMs?: number; log?: string },
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + options.timeoutMs
  let last: unknown
  for (;;) {
    try {
      const value = await probe()
      if (value !== undefined) return value
      last = undefined
    } catch (error) {
      if (error instanceof LabError) throw error
      last = error
    }
    if (Date.now() > deadline) {
      const seen = last === undefined ? '' : `; last: ${messageOf(last)}`
      throw new LabError(`${what} took more than ${options.timeoutMs / 1000} s${seen}`, {
        log: options.log,
        cause: last,
      })
    }
    await pause(options.intervalMs ?? 25)
  }
}
