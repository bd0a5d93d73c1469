import type { Clock } from './clock.ts'

/**
 * The work that goes on after an answer was given: a volume that is attaching, an instance that
 * is stopping. Nothing of it outlives `close`.
 */
export class Background {
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #clock: Clock
  readonly #failed: (what: string, error: unknown) => void

  constructor(clock: Clock, failed: (what: string, error: unknown) => void) {
    this.#clock = clock
    this.#failed = failed
  }

  get closed(): boolean {
    return this.#abort.signal.aborted
  }

  /**
   * Runs `work` after `previous`. The promise never rejects: a failure is reported, unless it is
   * only that everything was closed.
   */
  run(what: string, previous: Promise<unknown>, work: () => Promise<void>): Promise<void> {
    const task = (async () => {
      await previous
      if (this.closed) return
      try {
        await work()
      } catch (error) {
        if (!this.closed) this.#failed(what, error)
      }
    })()
    this.#running.add(task)
    void task.finally(() => this.#running.delete(task))
    return task
  }

  /** Waits; rejects when everything is closed. */
  wait(ms: number): Promise<void> {
    return this.#clock.wait(ms, this.#abort.signal)
  }

  /** Waits, but no longer than until `woken`. */
  async waitOr(ms: number, woken: Promise<void>): Promise<void> {
    const timer = new AbortController()
    const signal = AbortSignal.any([timer.signal, this.#abort.signal])
    try {
      await Promise.race([this.#clock.wait(ms, signal).catch(() => {}), woken])
    } finally {
      timer.abort()
    }
    this.#abort.signal.throwIfAborted()
  }

  /** Ends all waits and waits for what is under way, at most `limitMs` of real time. */
  async close(limitMs: number): Promise<void> {
    this.#abort.abort(new Error('The EC2 API was closed.'))
    const { promise: tooLate, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, limitMs)
    await Promise.race([Promise.allSettled(this.#running), tooLate])
    clearTimeout(timer)
  }
}
