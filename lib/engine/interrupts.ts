/** Why a run ends before its scenarios do. */
export type InterruptReason = 'SIGINT' | 'SIGTERM' | 'time-limit'

/**
 * What Ctrl-C means: the first interrupt stops the scenarios, undoes and reports; the second stops
 * at once. A time limit is an interrupt too, but never a second one.
 */
export class Interrupts {
  readonly #first = new AbortController()
  readonly #second = new AbortController()
  #reason: InterruptReason | undefined

  /** Aborted at the first interrupt. */
  get first(): AbortSignal {
    return this.#first.signal
  }

  /** Aborted at the second. */
  get second(): AbortSignal {
    return this.#second.signal
  }

  /** What the first interrupt was. */
  get reason(): InterruptReason | undefined {
    return this.#reason
  }

  interrupt(reason: InterruptReason): void {
    if (this.#reason === undefined) {
      this.#reason = reason
      this.#first.abort(new InterruptedError(reason))
    } else if (reason !== 'time-limit') {
      // A signal after the time limit has run out is the first of a person.
      if (this.#reason === 'time-limit') this.#reason = reason
      else this.#second.abort(new InterruptedError(reason))
    }
  }

  /** Takes the process's signals; the function returned gives them back. */
  listen(onInterrupt: (reason: InterruptReason, isSecond: boolean) => void): () => void {
    const handle = (signal: NodeJS.Signals): void => {
      if (signal !== 'SIGINT' && signal !== 'SIGTERM') return
      this.interrupt(signal)
      onInterrupt(signal, this.second.aborted)
    }
    process.on('SIGINT', handle)
    process.on('SIGTERM', handle)
    return () => {
      process.off('SIGINT', handle)
      process.off('SIGTERM', handle)
    }
  }
}

/** Thrown by what an interrupt ended. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly reason: InterruptReason

  constructor(reason: InterruptReason, message?: string) {
    super(
      message ?? (reason === 'time-limit' ? 'the time limit ran out' : `interrupted by ${reason}`),
    )
    this.reason = reason
  }
}
