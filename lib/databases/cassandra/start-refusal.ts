/**
 * What Cassandra says when its data and its settings are of different nodes or clusters. It looks at
 * them at each start (`StartupChecks`, `SystemKeyspace.checkHealth`), so that no other try helps.
 */
const REFUSALS = [
  /Cannot start node if snitch's (?:rack|data center) \(.*?\) differs from previous (?:rack|data center) \(.*?\)/,
  /Saved cluster name .+ != configured name [^\n]+/,
  /Cannot change the number of tokens from \d+ to \d+/,
]

/** The words in a log of Cassandra by which it refuses to start, now and ever; undefined without. */
export function startRefusal(log: string): string | undefined {
  for (const refusal of REFUSALS) {
    const [said] = refusal.exec(log) ?? []
    if (said !== undefined) return said.trimEnd()
  }
  return undefined
}
