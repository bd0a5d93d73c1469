import { setTimeout as delay } from 'node:timers/promises'
import { type BudgetName, budgetMs } from './budgets.ts'

/** Where waits are written down; the engine's timeline is one. */
export interface WaitSink {
  emit(event: {
    kind: 'wait.begin' | 'wait.end'
    text: string
    data: Readonly<Record<string, unknown>>
  }): void
}

export interface WaitOptions {
  /** What is awaited, completing "waited for …": `pod cassandra-0 to be Ready`. */
  readonly what: string
  /** Who waits: `scenario cassandra/cordon`, `undo`. */
  readonly owner?: string
  readonly budget: BudgetName
  /** Shortens or lengthens the budget for this wait; milliseconds. */
  readonly budgetMs?: number
  readonly signal?: AbortSignal
  /** Default: the sink of the process, see `observeWaits`. */
  readonly timeline?: WaitSink
}

export interface PollOptions extends WaitOptions {
  /** Pause between two looks; default 500 ms. */
  readonly intervalMs?: number
}

/** What one look found: the value awaited, or what was seen instead (it goes into the message). */
export type ProbeResult<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly seen: unknown }

/** A budget ran out. The message names who waited for what, how long, and what was seen last. */
export class WaitTimeoutError extends Error {
  override readonly name = 'WaitTimeoutError'
  readonly what: string
  readonly budget: BudgetName
  readonly waitedMs: number
  readonly lastSeen: unknown

  constructor(options: WaitOptions, waitedMs: number, lastSeen: unknown, cause?: unknown) {
    const who = options.owner === undefined ? '' : `${options.owner}: `
    super(
      `${who}waited ${(waitedMs / 1000).toFixed(1)} s for ${options.what} ` +
        `(budget ${options.budget}); last seen: ${describe(lastSeen)}`,
      cause === undefined ? undefined : { cause },
    )
    this.what = options.what
    this.budget = options.budget
    this.waitedMs = waitedMs
    this.lastSeen = lastSeen
  }
}

let processSink: WaitSink | undefined

/** Writes every wait of this process to `sink`, unless a wait names its own. */
export function observeWaits(sink: WaitSink | undefined): void {
  processSink = sink
}

/**
 * The one function that polls: looks, pauses, looks again, until the probe is done or the budget
 * is spent. A probe that throws ends the wait with that error: what is expected to fail for a
 * while is for the probe to catch and return as `seen`. Only an error with `isTransient` (a read
 * that got no answer this time) is taken for `seen` by itself.
 *
 * The signal that the probe gets is aborted when the budget is spent, so that a hanging call ends.
 *
 * @throws WaitTimeoutError when the budget is spent; the signal's reason when aborted.
 */
export async function poll<T>(
  options: PollOptions,
  probe: (signal: AbortSignal) => Promise<ProbeResult<T>> | ProbeResult<T>,
): Promise<T> {
  let lastSeen: unknown = 'nothing yet'
  return within(
    options,
    async (signal) => {
      for (;;) {
        const found = await look(probe, signal)
        if (found.done) return found.value
        lastSeen = found.seen
        await delay(options.intervalMs ?? 500, undefined, { signal })
      }
    },
    () => lastSeen,
  )
}

/**
 * Gives `work` one budget and writes the wait to the timeline. For what is awaited by an event (a
 * watch, a child's end) rather than by looking again and again. `work` should heed the signal, but
 * the wait ends on time even if it doesn't.
 *
 * @throws WaitTimeoutError when the budget is spent; the signal's reason when aborted.
 */
export async function within<T>(
  options: WaitOptions,
  work: (signal: AbortSignal) => Promise<T>,
  lastSeen: () => unknown = () => 'nothing',
): Promise<T> {
  const sink = options.timeline ?? processSink
  const limitMs = options.budgetMs ?? budgetMs(options.budget)
  const startedMs = performance.now()
  const note = (kind: 'wait.begin' | 'wait.end', extra: Record<string, unknown>): void =>
    sink?.emit({
      kind,
      text: options.what,
      data: {
        budget: options.budget,
        budgetMs: limitMs,
        ...(options.owner === undefined ? {} : { owner: options.owner }),
        ...extra,
      },
    })
  options.signal?.throwIfAborted()
  const expired = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, expired.signal]) : expired.signal
  note('wait.begin', {})
  let outcome = 'done'
  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  try {
    const stopped = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const waitedMs = performance.now() - startedMs
        const timeout = new WaitTimeoutError(options, waitedMs, lastSeen())
        reject(timeout)
        expired.abort(timeout)
      }, limitMs)
      onAbort = () => reject(asError(options.signal?.reason))
      options.signal?.addEventListener('abort', onAbort, { once: true })
    })
    return await Promise.race([work(signal), stopped])
  } catch (error) {
    outcome = error instanceof WaitTimeoutError ? 'timeout' : 'error'
    if (expired.signal.aborted && !(error instanceof WaitTimeoutError)) throw expired.signal.reason
    throw error
  } finally {
    clearTimeout(timer)
    if (onAbort) options.signal?.removeEventListener('abort', onAbort)
    note('wait.end', { outcome, waitedMs: Math.round(performance.now() - startedMs) })
  }
}

async function look<T>(
  probe: (signal: AbortSignal) => Promise<ProbeResult<T>> | ProbeResult<T>,
  signal: AbortSignal,
): Promise<ProbeResult<T>> {
  try {
    return await probe(signal)
  } catch (error) {
    const isTransient = error instanceof Error && 'isTransient' in error && error.isTransient
    if (isTransient !== true || signal.aborted) throw error
    return { done: false, seen: error }
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

function describe(seen: unknown): string {
  if (typeof seen === 'string') return seen
  if (seen instanceof Error) return seen.message
  const text = JSON.stringify(seen) ?? String(seen)
  return text.length > 600 ? `${text.slice(0, 600)}…` : text
}
