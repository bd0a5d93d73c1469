import type { Clock } from '../clock.ts'

/** A clock for tests: it stands still until it is told how far to go. */
export interface ManualClock extends Clock {
  /** Goes on by `ms`, ending every wait on the way in its turn, with what follows from it. */
  advance(ms: number): Promise<void>
}

export function createManualClock(startMs = Date.parse('2026-01-02T03:04:05.678Z')): ManualClock {
  let nowMs = startMs
  const waits = new Set<{ readonly atMs: number; readonly end: () => void }>()
  return {
    now: () => nowMs,
    wait(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const entry = { atMs: nowMs + ms, end: resolve }
      waits.add(entry)
      signal.addEventListener('abort', () => {
        waits.delete(entry)
        reject(new Error('The wait was ended.'))
      })
      return promise
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (;;) {
        const next = [...waits].sort((a, b) => a.atMs - b.atMs)[0]
        if (next === undefined || next.atMs > untilMs) break
        waits.delete(next)
        nowMs = Math.max(nowMs, next.atMs)
        next.end()
        await settle()
      }
      nowMs = untilMs
    },
  }
}

/** Lets everything run that waits for nothing but a promise that is already settled. */
async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}
