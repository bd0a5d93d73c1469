/** How many instances each zone has, in the order of the group's zones. */
export type ZoneCounts = ReadonlyMap<string, number>

/** Zones in the order in which a new instance is tried in them: the emptiest first. */
export function launchOrder(counts: ZoneCounts): readonly string[] {
  return [...counts].sort(([, a], [, b]) => a - b).map(([zone]) => zone)
}

/** Zones in the order in which an instance is taken from them: the fullest first. */
export function terminationOrder(counts: ZoneCounts): readonly string[] {
  return [...counts].sort(([, a], [, b]) => b - a).map(([zone]) => zone)
}

/** Zones that would be better off with one of the fullest zone's instances, the emptiest first. */
export function wanting(counts: ZoneCounts): readonly string[] {
  const most = Math.max(0, ...counts.values())
  return launchOrder(counts).filter((zone) => most - (counts.get(zone) ?? 0) > 1)
}
