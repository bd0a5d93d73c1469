import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { NdjsonAppender } from '../../std/ndjson.ts'
import { journalEntrySchema } from '../records.ts'
import { RUN_FILES } from '../run.ts'

/** At which step a process is killed: counted from 1, or by its text; without it none is. */
export const CRASH_AT = 'ZONEFALL_CRASH_AT'
/** A planted defect, by its name in `CRASH_DEFECTS`. */
export const CRASH_DEFECT = 'ZONEFALL_CRASH_DEFECT'
/** The steps that a run came to, in its folder; the last one is where it was killed. */
const STEPS_FILE = 'crash-steps.ndjson'

/**
 * What must turn a crash test red, the proof that it looks: changes are made without a word in the
 * journal before; changes are noted as taken back that are not; a process of the run outlives its
 * supervisor.
 */
export const CRASH_DEFECTS = ['intent-not-written', 'undo-left-out', 'worker-lives-on'] as const
export type CrashDefect = (typeof CRASH_DEFECTS)[number]

/** How long a process stands still for its end to come. */
const STAND_STILL_MS = 60_000

/**
 * Counts the steps of a run's journal, writes them down, and at the chosen one kills a process with
 * SIGKILL. A step is what a crash can come between: an intent is written and its call not made; a
 * call is made and not noted; it is noted; an undo is in effect and not noted; it is noted.
 */
export class CrashHook {
  readonly #at: string
  readonly #victim: number
  /** What is done by each intent's id. */
  readonly #actions = new Map<string, string>()
  #reached = 0

  /** @param victim the supervisor's process id, or that of who cleans up */
  constructor(victim: number) {
    this.#at = process.env[CRASH_AT] ?? ''
    this.#victim = victim
  }

  /** Listens at the one place that all journals of this process are written through. */
  install(): this {
    // Called below with the `this` that it belongs to.
    // oxlint-disable-next-line typescript/unbound-method
    const write = NdjsonAppender.prototype.append
    const around = this.#around.bind(this)
    NdjsonAppender.prototype.append = function append(record, options) {
      if (basename(this.path) !== RUN_FILES.journal) return write.call(this, record, options)
      return around(
        dirname(this.path),
        record,
        () => write.call(this, record, options),
        (more) => write.call(this, more, options),
      )
    }
    return this
  }

  /** One step: where this is the chosen one, the victim dies here. */
  step(dir: string, text: string, meanwhile: 'stand still' | 'go on'): void {
    this.#reached += 1
    const line = JSON.stringify({ step: this.#reached, text, meanwhile })
    appendFileSync(join(dir, STEPS_FILE), `${line}\n`)
    if (![String(this.#reached), text].includes(this.#at)) return
    if (process.env[CRASH_DEFECT] === 'worker-lives-on') {
      spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref()
    }
    process.kill(this.#victim, 'SIGKILL')
    // What runs on its own goes on until it is noticed that nobody supervises any more. Where this
    // process stands still, whoever shares its group has to end it.
    if (meanwhile === 'stand still') {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STAND_STILL_MS)
    }
  }

  #around(dir: string, record: unknown, write: () => void, note: (more: unknown) => void): void {
    const { step, id, at, ...entry } = journalEntrySchema.parse(record)
    if ('undo' in entry) {
      this.#actions.set(id, entry.action)
      const defect = process.env[CRASH_DEFECT]
      if (defect !== 'intent-not-written') write()
      if (defect === 'undo-left-out') note({ step: 'undone', id, at })
      return this.step(dir, `intent written: ${entry.action}`, 'stand still')
    }
    const action = this.#actions.get(id) ?? id
    const isUndo = step === 'undone' || step === 'undo-failed'
    this.step(dir, `${isUndo ? 'taken back' : 'call made'}, not noted: ${action}`, 'stand still')
    write()
    return this.step(dir, `noted as ${step}: ${action}`, 'go on')
  }
}

/** The step at which a fault is in effect. */
export const OBSERVED = 'observed'

export const crashStepSchema = z.object({ step: z.int(), text: z.string() })
export type CrashStep = z.infer<typeof crashStepSchema>
export { STEPS_FILE as CRASH_STEPS_FILE }
