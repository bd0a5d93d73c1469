/** How late a timer may be before the process itself is taken for what was standing still. */
const OWN_STALL_MS = 100

/** Calls out when nothing has been heard for some time. */
export class SilenceAlarm implements Disposable {
  readonly #limitMs: number
  readonly #onSilence: () => void
  #timer: NodeJS.Timeout | undefined
  #dueMs = 0

  /** Begins to listen now. */
  constructor(limitMs: number, onSilence: () => void) {
    this.#limitMs = limitMs
    this.#onSilence = onSilence
    this.heard()
  }

  /** Something was heard: the time begins anew. */
  heard(): void {
    this.#arm(this.#limitMs)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer)
    this.#dueMs = performance.now() + ms
    this.#timer = setTimeout(() => {
      // Timers run before sockets are read: after a stop of this process, what was said meanwhile
      // is still to be heard.
      if (performance.now() - this.#dueMs > OWN_STALL_MS) this.#arm(OWN_STALL_MS)
      else this.#onSilence()
    }, ms)
  }
}
