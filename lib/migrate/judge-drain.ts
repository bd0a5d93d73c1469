import type { SourceNode } from './facts.ts'
import { type Finding, refuse } from './judge.ts'

/** How the legacy nodes come to rest before their volumes are copied. */
export interface DrainFacts {
  readonly token: string
  /** Volumes of which an earlier try has a snapshot or a copy, and of when. */
  readonly copiedAtMs: ReadonlyMap<string, number>
  /** When snapshots were begun that somebody names; absent when they are yet to be made. */
  readonly snapshotsAtMs?: readonly number[]
  /** The nodes are going to be drained: there is a way into the machines, and something to do there. */
  readonly willDrain: boolean
  /** Marks of copies that an earlier try gave to another StatefulSet. */
  readonly givenTo: readonly string[]
  /** A person is to know that nobody drains them, and goes on. */
  readonly isWaived: boolean
}

/**
 * What becomes of legacy nodes' writes: of those that nobody drains, and of those that take writes
 * again after an earlier try copied them, or were started since and may have.
 */
export function judgeDrain(source: readonly SourceNode[], drain: DrainFacts): Finding[] {
  const { token, copiedAtMs, snapshotsAtMs, willDrain, givenTo, isWaived } = drain
  const back = source.filter(({ identity, startedAtMs = 0, volume }) => {
    const atMs = volume === undefined ? undefined : copiedAtMs.get(volume.id)
    if (atMs === undefined) return false
    return startedAtMs > atMs || (identity !== undefined && identity.mode !== 'DRAINED')
  })
  const running = source.filter(({ state }) => state === 'running')
  const serving = running.filter(({ isServing }) => isServing === true)
  const unknown = running.filter(({ isServing }) => isServing === undefined)
  const findings: Finding[] = []
  if (givenTo.length > 0) {
    findings.push(
      refuse(
        'given-before',
        `The copies of ${token} were given to ${givenTo.join(', ')}, whose pods have written to them since.`,
        'Call this migration otherwise by --id, or undo that one on its own cluster.',
      ),
    )
  }
  if (snapshotsAtMs === undefined && back.length > 0) {
    findings.push(
      refuse(
        'copied-before',
        `An earlier try copied ${namesOf(back)}, where the database takes writes again, or was started since: what it took would be missing.`,
        `Undo that try and begin anew: npx zonefall cleanup --migration ${token}`,
      ),
    )
  }
  if (snapshotsAtMs !== undefined && snapshotsAtMs.length > 0) {
    findings.push({
      id: 'snapshots-given',
      text: `The snapshots are of ${new Date(Math.min(...snapshotsAtMs)).toISOString()}: whatever was written after that is missing in them.`,
      todo: 'Go on if the databases were at rest by then; else leave --snapshots out.',
      severity: 'warn',
    })
  }
  if (!willDrain && serving.length > 0) {
    findings.push({
      id: 'undrained',
      // Of two nodes with the same tokens and host id Cassandra takes the one that started later.
      text: `Nobody drains ${namesOf(serving)}: while a database serves there, pods that start from its copy take its place in its own ring, and what it was written after the snapshot would be missing.`,
      todo: 'Drain the databases (nodetool drain), or stop them, and run the same command again; --undrained goes on all the same, which is for pods that can reach none of them.',
      severity: isWaived ? 'warn' : 'refuse',
    })
  }
  if (!willDrain && unknown.length > 0) {
    findings.push({
      id: 'unasked',
      text: `Nobody can ask ${namesOf(unknown)} whether its database serves: pods that start beside it would take its place.`,
      todo: 'Say by --on-instance how a command is run there, or see that it works again; or stop the instances; then run the same command again. Where you know that no database serves there, add --undrained.',
      severity: isWaived ? 'warn' : 'refuse',
    })
  }
  return findings
}

const namesOf = (nodes: readonly SourceNode[]): string =>
  nodes.map(({ instanceId }) => instanceId).join(', ')
