import { setTimeout as pause } from 'node:timers/promises'
import { CsiError } from './status.ts'

/**
 * Asks `probe` until it answers something other than undefined; what it throws ends the wait.
 * The pause starts at `firstMs` and grows by `factor` up to `mostMs`.
 *
 * @throws CsiError DEADLINE_EXCEEDED after `timeoutMs`, naming `what`; or `signal`'s reason.
 */
export async function poll<T>(
  what: string,
  times: {
    readonly timeoutMs: number
    readonly firstMs: number
    readonly factor: number
    readonly mostMs: number
  },
  signal: AbortSignal,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + times.timeoutMs
  let pauseMs = times.firstMs
  for (;;) {
    signal.throwIfAborted()
    const found = await probe()
    if (found !== undefined) return found
    if (performance.now() + pauseMs > deadlineMs) {
      throw new CsiError('DEADLINE_EXCEEDED', `${what} took more than ${times.timeoutMs / 1000} s`)
    }
    await pause(pauseMs, undefined, { signal }).catch(() => {
      signal.throwIfAborted()
    })
    pauseMs = Math.min(pauseMs * times.factor, times.mostMs)
  }
}
