/** The choice that a person most likely meant, if any is close enough: fewest edits. */
export function nearest(typed: string, choices: readonly string[]): string | undefined {
  const ranked = choices
    .map((choice) => ({ choice, edits: editDistance(typed, choice) }))
    .toSorted((a, b) => a.edits - b.edits)
  const [best] = ranked
  const limit = Math.max(2, Math.floor(typed.length / 3))
  return best && best.edits <= limit ? best.choice : undefined
}

/** Insertions, deletions and replacements from one text to the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i += 1) {
    const current = [i]
    for (let j = 1; j <= to.length; j += 1) {
      current.push(
        Math.min(
          (previous[j] ?? 0) + 1,
          (current[j - 1] ?? 0) + 1,
          (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1),
        ),
      )
    }
    previous = current
  }
  return previous[to.length] ?? 0
}
