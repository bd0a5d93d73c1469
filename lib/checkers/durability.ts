import type { OperationRecord } from '../model/operation.ts'
import type { Judgement } from '../model/verdict.ts'
import { findingsOf, judge, MAX_NAMED, type Quantiles, quantilesMs } from './findings.ts'
import { tell } from './durability-sentences.ts'
import { collectSets, type Fate, fateOf } from './set-elements.ts'

export interface DurabilityOptions {
  /** By how much any client's clock may be off the common one. */
  readonly clockUncertaintyNs: number
  /** Whether an id may show late; default `forbidden`, as inserts and reads at QUORUM promise. */
  readonly stale?: 'forbidden' | 'tolerated'
  /**
   * Whether reads that are not of the latest (`PlannedOperation.latest`) go to replicas that may lag:
   * what they find is there, and what they miss says nothing. Default: each read shows all.
   */
  readonly readsMayLag?: boolean
  /** With fewer acknowledged inserts the verdict is unknown; default 1. */
  readonly minAcknowledged?: number
}

/** What became of the ids; a type and no interface, so that it is plain data for a report. */
export type DurabilityEvidence = {
  readonly counts: Readonly<
    Record<'attempted' | 'acknowledged' | 'failed' | 'indeterminate' | 'reads' | Kind, number>
  >
  /** Ids of each kind, the first ones. */
  readonly ids: Readonly<Partial<Record<Kind, readonly string[]>>>
  /** From when an id was known to be there until the last read that missed it had begun; 0 if none. */
  readonly stableLatencyMs?: Quantiles
  /** From when a lost id was known to be there until the last read that found it had begun. */
  readonly lostLatencyMs?: Quantiles
  /** When the first and the last of the lost ids that had been acknowledged were, milliseconds. */
  readonly lostAcknowledged?: {
    readonly count: number
    readonly firstAtMs: number
    readonly lastAtMs: number
  }
  readonly details: readonly string[]
}

type Kind =
  | 'stable'
  | 'lost'
  | 'stale'
  | 'neverRead'
  | 'duplicated'
  | 'unexpected'
  | 'recovered'
  | 'ambiguous'

/**
 * Whether what was inserted stays. Of each id, by Jepsen's `set-full`
 * (jepsen/src/jepsen/checker.clj), with its order of events made strict, so that neither clocks nor
 * reads side by side raise a false alarm. An id is *known* once its insert is acknowledged or a read
 * that found it has ended; A is *before* B when A ended, by its clock's latest, before B began, by
 * its clock's earliest.
 * - lost: known, and a read that began after it was known, and after every read that found it had
 *   ended, does not find it
 * - stale: not lost, and a read that began after it was known does not find it
 * - stable: found, and not lost
 * - neverRead: acknowledged, not found, and no read began after that
 * - duplicated: more than once in one read
 * - unexpected: found, though never inserted, or its insert certainly failed, or was yet to be sent
 * - recovered: not acknowledged, and found
 * - ambiguous: inserted more than once, so that nothing can be said of it
 *
 * Lost, duplicated and unexpected ids refute the claim, and so do stale ones unless tolerated. Ids
 * that were never read leave it unknown. An `info` insert may show or not. Linear in the size of the
 * history, but for sorting the reads.
 */
export function checkDurability(
  history: Iterable<OperationRecord>,
  options: DurabilityOptions,
): Judgement<DurabilityEvidence> {
  const { clockUncertaintyNs, stale = 'forbidden', minAcknowledged = 1 } = options
  const apartNs = 2 * clockUncertaintyNs
  const isTelling = options.readsMayLag
    ? ({ latest }: OperationRecord): boolean => latest === true
    : (): boolean => true
  const sets = collectSets(history, isTelling)
  const counts = { attempted: 0, acknowledged: 0, failed: 0, indeterminate: 0, reads: 0 }
  const fates: Record<Kind, Fate[]> = {
    stable: [],
    lost: [],
    stale: [],
    neverRead: [],
    duplicated: [],
    unexpected: [],
    recovered: [],
    ambiguous: [],
  }
  for (const { reads, elements } of sets) {
    counts.reads += reads.records.length
    for (const element of elements.values()) {
      const outcome = element.insert?.outcome
      if (outcome !== undefined) counts.attempted += 1
      if (outcome === 'ok') counts.acknowledged += 1
      if (outcome === 'fail') counts.failed += 1
      if (outcome === 'info') counts.indeterminate += 1
      const fate = fateOf(element, reads, apartNs)
      for (const kind of kindsOf(fate, apartNs)) fates[kind].push(fate)
    }
  }
  const { lost, unexpected, duplicated, neverRead, ambiguous } = fates
  const { acknowledged, attempted, reads } = counts
  const wrong = [
    ...findingsOf(lost, `${ids(lost.length)} lost of ${acknowledged} acknowledged`, tell.lost),
    ...findingsOf(unexpected, `${ids(unexpected.length)} unexpected`, tell.unexpected),
    ...findingsOf(duplicated, `${ids(duplicated.length)} duplicated`, tell.duplicated),
    ...(stale === 'tolerated'
      ? []
      : findingsOf(fates.stale, `${ids(fates.stale.length)} stale`, tell.stale)),
  ]
  const unknown = [
    ...(acknowledged < minAcknowledged
      ? [
          `${acknowledged} of ${attempted} inserts were acknowledged; ${minAcknowledged} are needed.`,
        ]
      : []),
    ...(reads === 0 ? ['No set was read.'] : []),
    ...(reads === 0 ? [] : neverRead.slice(0, 1).map(tell.neverRead(neverRead.length))),
    ...ambiguous.slice(0, 1).map(tell.ambiguous),
  ]
  const late = fates.stale.length === 0 ? '' : `; ${ids(fates.stale.length)} showed late`
  const more =
    fates.recovered.length === 0 ? '' : `, and ${fates.recovered.length} that were not acknowledged`
  const summary = `All ${acknowledged} acknowledged inserts of ${attempted} are there in ${reads} reads${more}${late}.`
  return judge(wrong, unknown, summary, seenOf(counts, fates))
}

function kindsOf({ element, missedBy }: Fate, apartNs: number): Kind[] {
  const { insert, foundBy, firstFoundNs, lastFoundNs, inserts, repeatedIn } = element
  if (inserts > 1) return ['ambiguous']
  const found = foundBy.length > 0
  const kinds: Kind[] = []
  if (repeatedIn !== undefined) kinds.push('duplicated')
  if (insert === undefined || insert.outcome === 'fail') {
    if (found) kinds.push('unexpected')
    return kinds
  }
  if (insert.sentNs > firstFoundNs + apartNs) kinds.push('unexpected')
  if (insert.outcome === 'info' && found) kinds.push('recovered')
  // A read that began after the last one that found it had ended did not find it.
  const lost = missedBy !== undefined && missedBy.sentNs > lastFoundNs + apartNs
  if (lost) kinds.push('lost')
  else if (found) kinds.push('stable')
  else if (insert.outcome === 'ok') kinds.push('neverRead')
  if (missedBy !== undefined && !lost) kinds.push('stale')
  return kinds
}

function seenOf(
  counts: Record<'attempted' | 'acknowledged' | 'failed' | 'indeterminate' | 'reads', number>,
  fates: Readonly<Record<Kind, readonly Fate[]>>,
): Omit<DurabilityEvidence, 'details'> {
  const stable = quantilesMs(
    fates.stable.map(({ missedBy, knownNs }) => (missedBy ? missedBy.sentNs - knownNs : 0)),
  )
  const lost = quantilesMs(fates.lost.map(lostLatencyNs))
  const lostAtMs = fates.lost.flatMap(({ element: { insert } }) =>
    insert?.outcome === 'ok' ? [insert.doneNs / 1e6] : [],
  )
  const named = (kind: Kind) => fates[kind].slice(0, MAX_NAMED).map(({ element }) => element.value)
  const nameable = ['lost', 'stale', 'neverRead', 'duplicated', 'unexpected', 'recovered'] as const
  const numberOf = (kind: Kind) => fates[kind].length
  return {
    counts: {
      ...counts,
      stable: numberOf('stable'),
      lost: numberOf('lost'),
      stale: numberOf('stale'),
      neverRead: numberOf('neverRead'),
      duplicated: numberOf('duplicated'),
      unexpected: numberOf('unexpected'),
      recovered: numberOf('recovered'),
      ambiguous: numberOf('ambiguous'),
    },
    ids: Object.fromEntries(
      nameable.filter((kind) => numberOf(kind) > 0).map((kind) => [kind, named(kind)]),
    ),
    ...(stable === undefined ? {} : { stableLatencyMs: stable }),
    ...(lost === undefined ? {} : { lostLatencyMs: lost }),
    ...(lostAtMs.length === 0
      ? {}
      : {
          lostAcknowledged: {
            count: lostAtMs.length,
            firstAtMs: lostAtMs.reduce((a, b) => Math.min(a, b)),
            lastAtMs: lostAtMs.reduce((a, b) => Math.max(a, b)),
          },
        }),
  }
}

function lostLatencyNs({ element, reads, knownNs }: Fate): number {
  const last = reads.records[element.foundBy.at(-1) ?? -1]
  return last === undefined ? 0 : Math.max(0, last.sentNs - knownNs)
}

function ids(count: number): string {
  return count === 1 ? '1 id' : `${count} ids`
}
