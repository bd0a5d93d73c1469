import type { SourceNode } from './facts.ts'
import { type Finding, refuse } from './judge.ts'

/** How the legacy nodes come to rest before their volumes are copied. */
export interface DrainFacts {
  readonly token: string
  /** Volumes of which an earlier try has a snapshot or a copy, and of when. */
  readonly copiedAtMs: ReadonlyMap<string, number>
  /** Snapshots are yet to be made: those that somebody names are of a time of their own. */
  readonly makesSnapshots: boolean
  /** The nodes are going to be drained: there is a way into the machines, and something to do there. */
  readonly willDrain: boolean
  /** A person is to know that nobody drains them, and goes on. */
  readonly isWaived: boolean
}

/**
 * What becomes of legacy nodes' writes: of those that nobody drains, and of those that take writes
 * again after an earlier try copied them, or were started since and may have.
 */
export function judgeDrain(source: readonly SourceNode[], drain: DrainFacts): Finding[] {
  const { token, copiedAtMs, makesSnapshots, willDrain, isWaived } = drain
  const back = source.filter(({ identity, startedAtMs = 0, volume }) => {
    const atMs = volume === undefined ? undefined : copiedAtMs.get(volume.id)
    if (atMs === undefined) return false
    return startedAtMs > atMs || (identity !== undefined && identity.mode !== 'DRAINED')
  })
  const serving = source.filter(
    ({ state, isServing }) => state === 'running' && isServing !== false,
  )
  const findings: Finding[] = []
  if (makesSnapshots && back.length > 0) {
    findings.push(
      refuse(
        'copied-before',
        `An earlier try copied ${namesOf(back)}, where the database takes writes again, or was started since: what it took would be missing.`,
        `Undo that try and begin anew: npx zonefall cleanup --migration ${token}`,
      ),
    )
  }
  if (!willDrain && serving.length > 0) {
    findings.push({
      id: 'undrained',
      // Of two nodes with the same tokens and host id Cassandra takes the one that started later.
      text: `Nobody drains ${namesOf(serving)}: while a database serves there, pods that start from its copy take its place in its own ring, and what it was written after the snapshot would be missing.`,
      todo: 'Say by --on-instance how a command is run there, and let zonefall make the snapshots; or drain or stop the databases; or, when pods can reach none of them and nothing writes any more, add --undrained.',
      severity: isWaived ? 'warn' : 'refuse',
    })
  }
  return findings
}

const namesOf = (nodes: readonly SourceNode[]): string =>
  nodes.map(({ instanceId }) => instanceId).join(', ')
