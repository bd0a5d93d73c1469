import type { SourceNode } from './facts.ts'
import { type Finding, refuse } from './judge.ts'

/** How the legacy nodes come to rest before their volumes are copied. */
export interface DrainFacts {
  readonly token: string
  /** Volumes of which an earlier try has a snapshot or a copy, and of when. */
  readonly copiedAtMs: ReadonlyMap<string, number>
  /** There is a way into the machines. */
  readonly isPossible: boolean
  /** Snapshots are yet to be made. */
  readonly isNeeded: boolean
  /** A person said that it is all right without. */
  readonly isWaived: boolean
}

/**
 * What of the legacy nodes' writes would be lost: of those that nobody drains, and of those that
 * take writes again after an earlier try copied them, or were started since and may have.
 */
export function judgeDrain(source: readonly SourceNode[], drain: DrainFacts): Finding[] {
  const { token, copiedAtMs, isPossible, isNeeded, isWaived } = drain
  if (!isNeeded) return []
  const running = source.filter(({ state }) => state === 'running')
  const back = source.filter(({ identity, startedAtMs = 0, volume }) => {
    const atMs = volume === undefined ? undefined : copiedAtMs.get(volume.id)
    if (atMs === undefined) return false
    return startedAtMs > atMs || (identity !== undefined && identity.mode !== 'DRAINED')
  })
  const names = (nodes: readonly SourceNode[]): string =>
    nodes.map(({ instanceId }) => instanceId).join(', ')
  const findings: Finding[] = []
  if (back.length > 0) {
    findings.push(
      refuse(
        'copied-before',
        `An earlier try copied ${names(back)}, where the database takes writes again, or was started since: what it took would be missing.`,
        `Undo that try and begin anew: npx zonefall cleanup --migration ${token}`,
      ),
    )
  }
  if (!isPossible && running.length > 0) {
    findings.push({
      id: 'undrained',
      text: `Nobody drains ${names(running)}: what is written there after the snapshots would be missing.`,
      todo: 'Say by --on-instance how a command is run there, stop the instances, or, when nothing writes any more, add --undrained.',
      severity: isWaived ? 'warn' : 'refuse',
    })
  }
  return findings
}
