import { setTimeout as wait } from 'node:timers/promises'

/** Time as the API sees it; a test brings its own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Resolves after `ms`; rejects when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  wait: async (ms, signal) => {
    await wait(ms, undefined, { signal })
  },
}
