import type { Undo } from '../model/journal.ts'
import type { Projection } from './records.ts'

type Replacement = Extract<Undo, { kind: 'await-replacement' }>

/**
 * A leak list as it would be had no instance been replaced: each that a fault terminated, with its
 * node, is given the name it had in place of the new one of its zone, if one there is in the same
 * state. What else has changed shows.
 */
export function withoutReplacements(
  before: Projection,
  after: Projection,
  replacements: readonly Replacement[],
): Projection {
  let projection = after
  for (const { instance } of replacements) {
    const toId = renamed(before['Instance'], projection['Instance'], instance.id)
    if (toId !== undefined) projection = rename(projection, toId, instance.id)
    const toNode = renamed(before['Node'], projection['Node'], instance.node)
    if (toNode !== undefined) projection = rename(projection, toNode, instance.node)
  }
  return projection
}

/** The new name that stands for an old one: absent before, and in the old one's state. */
function renamed(
  before: Projection[string] = {},
  after: Projection[string] = {},
  old: string,
): string | undefined {
  const was = before[old]
  if (was === undefined || after[old] !== undefined) return undefined
  return Object.keys(after).find((name) => before[name] === undefined && after[name] === was)
}

/** Gives something its old name, also where others speak of it (`of pvc-… to node-1`). */
function rename(projection: Projection, from: string, to: string): Projection {
  return Object.fromEntries(
    Object.entries(projection).map(([kind, states]) => [
      kind,
      Object.fromEntries(
        Object.entries(states).map(([name, state]) => [
          name.replaceAll(from, to),
          state.replaceAll(from, to),
        ]),
      ),
    ]),
  )
}
