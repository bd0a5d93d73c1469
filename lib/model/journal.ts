/**
 * The journal: before anything is changed its intent and undo are appended and fsynced, then the
 * change is made, then the outcome is appended. Replaying the undos of all entries that are not
 * `undone` or `refused`, youngest first, brings the cluster back. Undos are data, because the process that
 * replays them is rarely the one that wrote them.
 */
export type JournalEntry =
  | {
      readonly step: 'intent'
      readonly id: string
      readonly at: string
      /** Id of the scenario, or the file's stem (`cassandra/failover`) for what its scenarios share. */
      readonly scenario: string
      /** When it is undone at the latest: at the end of the scenario, or of its file. */
      readonly scope: UndoScope
      /** One sentence: `cordon node ip-10-0-1-10`. */
      readonly action: string
      readonly undo: Undo
    }
  | {
      readonly step: 'changed'
      readonly id: string
      readonly at: string
      /** UID of the object that was created: its undo leaves any other of that name alone. */
      readonly uid?: string
    }
  /** A creation was refused for good (HTTP 4xx): it did not happen, so nothing is due. */
  | { readonly step: 'refused'; readonly id: string; readonly at: string; readonly error: string }
  /** The call failed: it may have happened all the same, so the undo stays due. */
  | { readonly step: 'uncertain'; readonly id: string; readonly at: string; readonly error: string }
  | { readonly step: 'undone'; readonly id: string; readonly at: string }
  | {
      readonly step: 'undo-failed'
      readonly id: string
      readonly at: string
      readonly error: string
    }

/** How to take a change back; idempotent, with recorded ids and the state from before. */
export type Undo =
  | {
      readonly kind: 'delete-object'
      readonly apiVersion: string
      readonly objectKind: string
      readonly namespace?: string
      readonly name: string
      /** Wait until it is gone, and for a claim until its PV and volume are gone. */
      readonly awaitGone: boolean
    }
  | {
      readonly kind: 'delete-claims'
      readonly namespace: string
      /** With the run's label where the target is shared. */
      readonly selector: string
      /** What the claims' names begin with, before `-<ordinal>`: `data-cassandra`. */
      readonly prefixes?: readonly string[]
    }
  | { readonly kind: 'set-unschedulable'; readonly node: string; readonly value: boolean }
  | {
      readonly kind: 'scale-statefulset'
      readonly namespace: string
      readonly name: string
      readonly replicas: number
    }
  /** Nothing to take back (a pod was deleted): kept so that the journal tells everything. */
  | { readonly kind: 'none' }

export type UndoScope = 'scenario' | 'file'

/** The part of an entry that tells whether its change is still due to be taken back. */
interface DueEntry {
  readonly step: JournalEntry['step']
  readonly id: string
  readonly undo?: { readonly kind: string }
}

/** Ids of the changes that were made, or perhaps were, and not taken back; youngest first. */
export function dueChanges(entries: readonly DueEntry[]): string[] {
  const due = new Set<string>()
  for (const { step, id, undo } of entries) {
    if (step === 'intent' && undo?.kind !== 'none') due.add(id)
    if (step === 'undone' || step === 'refused') due.delete(id)
  }
  return [...due].toReversed()
}
