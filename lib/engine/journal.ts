import { z } from 'zod'
import { isLaunchRefused } from '../aws/launch.ts'
import { dueChanges, type JournalEntry, type Undo, type UndoScope } from '../model/journal.ts'
import { refusalOf } from '../kube/cluster.ts'
import { randomLetters } from '../std/ids.ts'
import { NdjsonAppender, readNdjson } from '../std/ndjson.ts'
import { journalEntrySchema } from './records.ts'
import { scenarioOfContext } from './timeline.ts'

export interface Change {
  /** Default: the scenario that this code runs in. For a file's deployment its stem will do. */
  readonly scenario?: string
  /** Default `scenario`. */
  readonly scope?: UndoScope
  /** One sentence: `cordon node ip-10-0-1-10`. */
  readonly action: string
  readonly undo: Undo
}

/** A change that is not known to be undone. */
export interface PendingUndo {
  readonly id: string
  readonly scenario: string
  readonly scope: UndoScope
  readonly action: string
  readonly undo: Undo
  /** UID of what a creation made; undefined when its answer did not come. */
  readonly uid?: string
  /** How often undoing it failed so far. */
  readonly failures: number
}

/**
 * Writes `journal.ndjson`: the intent before the change, the outcome after it, each fsynced before
 * anything else happens. Several processes of a run append to one journal.
 */
export class Journal {
  readonly path: string
  readonly #file: NdjsonAppender

  constructor(path: string) {
    this.path = path
    this.#file = new NdjsonAppender(path)
  }

  /**
   * Makes a change that can be undone: notes it with its undo, then makes it. When `change` throws
   * it may have happened all the same, so its undo stays due, and the error is passed on; only a
   * creation that the API server refused for good, or a launch that EC2 has no capacity for, is known
   * not to have happened.
   */
  async change<T>(
    what: Change,
    change: () => Promise<T>,
  ): Promise<{ readonly id: string; readonly value: T }> {
    const id = randomLetters(10)
    this.#append({
      step: 'intent',
      id,
      at: now(),
      scenario: what.scenario ?? scenarioOfContext() ?? '',
      scope: what.scope ?? 'scenario',
      action: what.action,
      undo: what.undo,
    })
    let value: T
    try {
      value = await change()
    } catch (error) {
      // What consists of one call. Others may have been made in part, and their undos are harmless.
      const isRefused =
        (what.undo.kind === 'delete-object' && refusalOf(error) !== undefined) ||
        (what.undo.kind === 'terminate-launched' && isLaunchRefused(error))
      const step = isRefused ? 'refused' : 'uncertain'
      this.#append({ step, id, at: now(), error: messageOf(error) })
      throw error
    }
    const uid = what.undo.kind === 'delete-object' ? uidOf(value) : undefined
    this.#append({ step: 'changed', id, at: now(), ...(uid === undefined ? {} : { uid }) })
    return { id, value }
  }

  /** Notes that a change was taken back. */
  undone(id: string): void {
    this.#append({ step: 'undone', id, at: now() })
  }

  /** Notes that taking a change back failed; it stays due. */
  undoFailed(id: string, error: unknown): void {
    this.#append({ step: 'undo-failed', id, at: now(), error: messageOf(error) })
  }

  /** All changes that still have to be taken back, youngest first: the order to do it in. */
  pending(): PendingUndo[] {
    return pendingOf(readJournal(this.path))
  }

  close(): void {
    this.#file.close()
  }

  #append(entry: JournalEntry): void {
    this.#file.append(entry, { durable: true })
  }
}

const createdObject = z.looseObject({ metadata: z.looseObject({ uid: z.string() }) })

function uidOf(value: unknown): string | undefined {
  return createdObject.safeParse(value).data?.metadata.uid
}

/** All entries of a journal; a torn line is one whose write never returned, so nothing followed. */
export function readJournal(path: string): readonly JournalEntry[] {
  return readNdjson(path, (value) => journalEntrySchema.parse(value)).records
}

/** Which changes of a journal are due to be undone, youngest first. */
export function pendingOf(entries: readonly JournalEntry[]): PendingUndo[] {
  const byId = Map.groupBy(entries, ({ id }) => id)
  return dueChanges(entries).flatMap((due): PendingUndo[] => {
    const own = byId.get(due) ?? []
    const intent = own.find((entry) => entry.step === 'intent')
    if (!intent) return []
    const { id, scenario, scope, action, undo } = intent
    const uid = own.findLast((entry) => entry.step === 'changed')?.uid
    const failures = own.filter(({ step }) => step === 'undo-failed').length
    return [{ id, scenario, scope, action, undo, failures, ...(uid === undefined ? {} : { uid }) }]
  })
}

function now(): string {
  return new Date().toISOString()
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
