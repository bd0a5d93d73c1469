import type { Undo } from '../model/journal.ts'

/** Kinds that don't come in the middle, with those that come before and after it. */
const RANKS: Partial<Record<Undo['kind'], number>> = {
  // What should not be there may join the cluster, and costs money.
  'terminate-launched': -2,
  // What instances need to start and nodes to get Ready.
  'restore-capacity': -1,
  'restore-acl-association': -1,
  // By way of the CSI controller, which may be on a node that was lost. It cordons its node and
  // leaves it as it was when the volume was taken, so cordons keep their order with it.
  'remount-volume': 1,
  'set-unschedulable': 1,
  // What is deleted may need its node to end.
  'delete-object': 2,
  'delete-claims': 2,
  // Volumes that pods use until those are deleted.
  'delete-copies': 3,
  // Beside pods that have their names they would take the pods' place.
  'restart-databases': 4,
}

/**
 * The order to take changes back in: by what the undos need of one another, whatever was broken
 * first, and else youngest first, as they come.
 */
export function inUndoOrder<T extends { readonly undo: Undo }>(youngestFirst: readonly T[]): T[] {
  const rankOf = ({ undo }: T): number => RANKS[undo.kind] ?? 0
  return youngestFirst.toSorted((a, b) => rankOf(a) - rankOf(b))
}
