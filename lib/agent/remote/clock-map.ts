/** One comparison of an agent's clock with the run's; nanoseconds. */
export interface ClockSample {
  /** Each start of the agent's process has a clock of its own. */
  readonly incarnation: number
  readonly clockNs: number
  /** The run's time in the middle of the round trip. */
  readonly runNs: number
  /** Half the round trip: the reading was taken somewhere in it. */
  readonly uncertaintyNs: number
}

/** By how much a clock may drift that was compared once: what NTP may slew at most. */
const MAX_DRIFT = 500e-6

/**
 * Puts an agent's times on the run's clock. Between two comparisons of a clock the drift is taken for
 * even; beyond them it is bounded, and adds to the uncertainty.
 */
export class ClockMap {
  readonly #samples = new Map<number, ClockSample[]>()

  /** Of several readings that were taken together the best: the shortest round trip. */
  add(samples: readonly ClockSample[]): void {
    const [best] = samples.toSorted((a, b) => a.uncertaintyNs - b.uncertaintyNs)
    if (!best) return
    const known = this.#samples.get(best.incarnation) ?? []
    this.#samples.set(
      best.incarnation,
      [...known, best].toSorted((a, b) => a.clockNs - b.clockNs),
    )
  }

  knows(incarnation: number): boolean {
    return this.#samples.has(incarnation)
  }

  /**
   * The run's time of a moment on an incarnation's clock, and how far off it may be.
   *
   * @throws RangeError on an incarnation whose clock was never compared
   */
  toRun(incarnation: number, clockNs: number): { runNs: number; uncertaintyNs: number } {
    const { before, after } = this.#around(incarnation, clockNs)
    if (before && after && before !== after) {
      const share = (clockNs - before.clockNs) / (after.clockNs - before.clockNs)
      return {
        runNs: before.runNs + share * (after.runNs - before.runNs),
        uncertaintyNs: Math.max(before.uncertaintyNs, after.uncertaintyNs),
      }
    }
    const nearest = before ?? after
    if (!nearest) throw new RangeError(`The clock of incarnation ${incarnation} is not known.`)
    const distanceNs = clockNs - nearest.clockNs
    return {
      runNs: nearest.runNs + distanceNs,
      uncertaintyNs: nearest.uncertaintyNs + Math.abs(distanceNs) * MAX_DRIFT,
    }
  }

  /**
   * What an incarnation's clock shows at a moment of the run.
   *
   * @throws RangeError as `toRun`
   */
  toClockNs(incarnation: number, runNs: number): number {
    const last = this.#samples.get(incarnation)?.at(-1)
    if (!last) throw new RangeError(`The clock of incarnation ${incarnation} is not known.`)
    return Math.round(last.clockNs + (runNs - last.runNs))
  }

  /** All comparisons, for reports. */
  get samples(): ClockSample[] {
    return [...this.#samples.values()].flat()
  }

  #around(incarnation: number, clockNs: number) {
    const samples = this.#samples.get(incarnation) ?? []
    return {
      before: samples.findLast((sample) => sample.clockNs <= clockNs),
      after: samples.find((sample) => sample.clockNs >= clockNs),
    }
  }
}
