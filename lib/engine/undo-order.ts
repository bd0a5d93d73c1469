import type { Undo } from '../model/journal.ts'

/**
 * The order to take changes back in, from youngest first: what instances need to start and nodes
 * to get Ready comes before them, whatever was broken first, and faults before deletions, because
 * what is deleted may need its node to end.
 */
export function inUndoOrder<T extends { readonly undo: Undo }>(youngestFirst: readonly T[]): T[] {
  return youngestFirst.toSorted((a, b) => rankOf(a.undo) - rankOf(b.undo))
}

function rankOf({ kind }: Undo): number {
  switch (kind) {
    case 'restore-capacity':
    case 'restore-acl-association':
      return 0
    case 'delete-object':
    case 'delete-claims':
      return 2
    default:
      return 1
  }
}
