import { AsyncLocalStorage } from 'node:async_hooks'
import type { TimelineEvent } from '../model/timeline.ts'
import { randomLetters } from '../std/ids.ts'
import { NdjsonAppender } from '../std/ndjson.ts'
import type { WaitSink } from '../std/poll.ts'

/** An event as its source knows it; `atMs`, `source` and `scenario` have defaults. */
export type NewTimelineEvent = Omit<TimelineEvent, 'atMs' | 'source'> &
  Partial<Pick<TimelineEvent, 'atMs' | 'source'>>

const currentScenario = new AsyncLocalStorage<string>()

/** Attributes all events and journal entries made inside `fn` to a scenario. */
export function inScenario<T>(id: string, fn: () => Promise<T>): Promise<T> {
  return currentScenario.run(id, fn)
}

/** The scenario that this code runs in, if it does. */
export function scenarioOfContext(): string | undefined {
  return currentScenario.getStore()
}

/** Writes `timeline.ndjson`. Losing an event is never worth losing a run: `emit` doesn't throw. */
export class Timeline implements WaitSink {
  readonly #file: NdjsonAppender
  readonly #startedAtEpochMs: number
  readonly #source: TimelineEvent['source']
  #lost = 0

  constructor(path: string, startedAtEpochMs: number, source: TimelineEvent['source']) {
    this.#file = new NdjsonAppender(path)
    this.#startedAtEpochMs = startedAtEpochMs
    this.#source = source
  }

  /** Milliseconds since the start of the run, on a clock that never jumps within a process. */
  nowMs(): number {
    const epochMs = performance.timeOrigin + performance.now()
    return Math.round((epochMs - this.#startedAtEpochMs) * 10) / 10
  }

  emit(event: NewTimelineEvent): void {
    const scenario = event.scenario ?? scenarioOfContext()
    try {
      this.#file.append(
        {
          atMs: this.nowMs(),
          source: this.#source,
          ...(scenario === undefined ? {} : { scenario }),
          ...event,
        },
        { durable: false },
      )
    } catch (error) {
      this.#lost += 1
      if (this.#lost === 1) {
        console.error(`The timeline can't be written, events are being lost: ${String(error)}`)
      }
    }
  }

  /**
   * Writes `<kind>.begin`, runs `fn`, writes `<kind>.end` with how it ended and how long it took.
   * Both carry `data.span`, which joins them.
   */
  async span<T>(
    kind: string,
    about: { readonly scenario?: string; readonly subject?: string; readonly text?: string },
    fn: () => Promise<T>,
  ): Promise<T> {
    const span = randomLetters(8)
    const startedMs = this.nowMs()
    const end = (data: Record<string, unknown>): void =>
      this.emit({
        kind: `${kind}.end`,
        ...about,
        data: { span, durationMs: Math.round(this.nowMs() - startedMs), ...data },
      })
    this.emit({ kind: `${kind}.begin`, ...about, data: { span } })
    try {
      const value = await fn()
      end({ ok: true })
      return value
    } catch (error) {
      end({ ok: false, error: error instanceof Error ? error.message : String(error) })
      throw error
    }
  }

  close(): void {
    this.#file.close()
  }
}
