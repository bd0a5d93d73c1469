import type { Undo, UndoScope } from '../model/journal.ts'

/**
 * Where changes to the cluster are noted before they are made; the engine's journal is one. Named
 * here because what makes changes (manifests, faults) stands below the engine.
 */
export interface ChangeLog {
  change<T>(
    what: {
      readonly scenario?: string
      readonly scope?: UndoScope
      /** One sentence: `cordon node ip-10-0-1-10`. */
      readonly action: string
      readonly undo: Undo
    },
    change: () => Promise<T>,
  ): Promise<{ readonly id: string; readonly value: T }>
  undone(id: string): void
}

/** Where things that happened are told; the engine's timeline is one. */
export interface EventSink {
  emit(event: {
    readonly kind: string
    readonly subject?: string
    readonly text?: string
    readonly data?: Readonly<Record<string, unknown>>
  }): void
}

/** Undoes that an object of the core API was made: deletes it, and waits until it is gone. */
export function deletionOf(objectKind: string, namespace: string, name: string): Undo {
  return { kind: 'delete-object', apiVersion: 'v1', objectKind, namespace, name, awaitGone: true }
}
