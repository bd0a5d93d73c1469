/**
 * The clock of one start of the agent's process: nanoseconds since then, which never jump. A whole
 * number fits a double for a hundred days.
 */
export class IncarnationClock {
  readonly #zero = process.hrtime.bigint()
  readonly #zeroEpochMs = Date.now()

  nowNs(): number {
    return Number(process.hrtime.bigint() - this.#zero)
  }

  /** Where a moment of the machine's wall clock is on this one; by that clock's word. */
  ofEpochMs(epochMs: number): number {
    return Math.round((epochMs - this.#zeroEpochMs) * 1e6)
  }

  /** The wall clock's time of a moment on this one. */
  toEpochMs(clockNs: number): number {
    return this.#zeroEpochMs + clockNs / 1e6
  }
}
