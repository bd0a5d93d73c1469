import type { Undo } from '../model/journal.ts'

/** What instances need to start and nodes to get Ready. */
const FIRST: readonly Undo['kind'][] = ['restore-capacity', 'restore-acl-association']
const LAST: readonly Undo['kind'][] = ['delete-object', 'delete-claims']

/**
 * The order to take changes back in, from youngest first: what instances need to start comes before
 * them, whatever was broken first, and faults before deletions, because what is deleted may need
 * its node to end.
 */
export function inUndoOrder<T extends { readonly undo: Undo }>(youngestFirst: readonly T[]): T[] {
  const rankOf = ({ undo }: T): number =>
    FIRST.includes(undo.kind) ? 0 : LAST.includes(undo.kind) ? 2 : 1
  return youngestFirst.toSorted((a, b) => rankOf(a) - rankOf(b))
}
