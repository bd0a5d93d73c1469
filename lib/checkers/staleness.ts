import type { OperationRecord } from '../model/operation.ts'
import type { Judgement } from '../model/verdict.ts'
import { judge, type Quantiles, quantilesMs, seconds } from './findings.ts'
import { collectSets, type Element } from './set-elements.ts'

export interface StalenessOptions {
  /** By how much any client's clock may be off the common one. */
  readonly clockUncertaintyNs: number
}

/** How old what one server showed to the clients of one zone was. */
export type ServerStaleness = {
  readonly zone: string
  readonly server: string
  readonly reads: number
  /** Reads that certainly missed a write that had been acknowledged. */
  readonly behind: number
  /** By how much the reads were behind, certainly and possibly; the truth lies between the two. */
  readonly atLeastMs: Quantiles
  readonly atMostMs: Quantiles
}

export type StalenessEvidence = {
  readonly servers: readonly ServerStaleness[]
  readonly details: readonly string[]
}

/** A read's age of what it showed, as two bounds; nanoseconds, -∞ where it missed nothing. */
interface Age {
  readonly read: OperationRecord
  readonly atLeastNs: number
  readonly atMostNs: number
}

/**
 * How far behind the reads are that may go to replicas (those not of the latest), by what they show:
 * a read's staleness is the time from when the oldest write that it misses took effect until the read
 * did (t-staleness; Bailis et al., Probabilistically Bounded Staleness, 2012). Neither moment is
 * known, but each lies between the sending and the answer, so that
 * - at least: from the earliest acknowledgement among the missed writes until the read was sent
 * - at most: from the earliest sending among the missed writes until the read was answered
 *
 * both with the clocks' uncertainty, and not below 0. A write of which it isn't known whether it
 * happened counts for the upper bound once any read found it. An id that no later read finds is not
 * late but lost, which is for `checkDurability` to say. Registers need one writer with rising
 * timestamps, as `checkLastWrite` does.
 *
 * Measures and claims nothing: unknown only where there was nothing to measure. Linear in the size of
 * the history, but for sorting.
 */
export function checkStaleness(
  history: Iterable<OperationRecord>,
  { clockUncertaintyNs }: StalenessOptions,
): Judgement<StalenessEvidence> {
  const records = [...history]
  const ages = [...agesOfSets(records), ...agesOfRegisters(records)].map(
    ({ read, atLeastNs, atMostNs }): Age => ({
      read,
      atLeastNs: Math.max(0, atLeastNs - 2 * clockUncertaintyNs),
      atMostNs: Math.max(0, atMostNs + 2 * clockUncertaintyNs),
    }),
  )
  const groups = Map.groupBy(ages, ({ read }) => JSON.stringify([read.zone, read.coordinator]))
  const servers = [...groups.values()]
    .flatMap((group) => measure(group))
    .toSorted((a, b) => a.zone.localeCompare(b.zone) || a.server.localeCompare(b.server))
  const unknown = servers.length === 0 ? ['No read was answered by a server that may lag.'] : []
  return judge([], unknown, servers.map((one) => told(one)).join(' '), { servers })
}

function measure(ages: readonly Age[]): ServerStaleness[] {
  const [first] = ages
  const atLeastMs = quantilesMs(ages.map(({ atLeastNs }) => atLeastNs))
  const atMostMs = quantilesMs(ages.map(({ atMostNs }) => atMostNs))
  if (first === undefined || atLeastMs === undefined || atMostMs === undefined) return []
  const { zone, coordinator: server = 'nobody knows whom' } = first.read
  const behind = ages.filter(({ atLeastNs }) => atLeastNs > 0).length
  return [{ zone, server, reads: ages.length, behind, atLeastMs, atMostMs }]
}

function agesOfSets(records: readonly OperationRecord[]): Age[] {
  return collectSets(records, ({ latest }) => latest === true).flatMap(({ reads, elements }) => {
    const all = [...elements.values()]
    const acknowledged = all
      .filter(({ insert }) => insert?.outcome === 'ok')
      .toSorted((a, b) => endOf(a) - endOf(b))
    const possible = all
      .filter(({ insert, foundBy }) => insert?.outcome === 'ok' || foundBy.length > 0)
      .toSorted((a, b) => beginOf(a) - beginOf(b))
    return reads.records.filter(mayLag).map((read): Age => {
      const found = new Set(read.found?.map(({ value }) => value))
      const isMissed = ({ value, lastFoundNs }: Element): boolean =>
        !found.has(value) && lastFoundNs > read.sentNs
      const known = acknowledged.find(isMissed)
      const oldest = possible.find(isMissed)
      return {
        read,
        atLeastNs: known === undefined ? Number.NEGATIVE_INFINITY : read.sentNs - endOf(known),
        atMostNs: oldest === undefined ? Number.NEGATIVE_INFINITY : read.doneNs - beginOf(oldest),
      }
    })
  })
}

function endOf({ insert }: Element): number {
  return insert?.doneNs ?? Number.POSITIVE_INFINITY
}

function beginOf({ insert }: Element): number {
  return insert?.sentNs ?? Number.POSITIVE_INFINITY
}

function agesOfRegisters(records: readonly OperationRecord[]): Age[] {
  const registers = Map.groupBy(
    records.filter(({ kind }) => kind === 'read' || kind === 'write'),
    ({ key }) => key,
  )
  return [...registers.values()].flatMap((register) => {
    const reads = register.filter(({ kind, outcome }) => kind === 'read' && outcome === 'ok')
    const shown = new Set(reads.map(({ found }) => found?.[0]?.value))
    const writes = register
      .filter(
        ({ kind, outcome, value }) =>
          kind === 'write' && (outcome === 'ok' || (outcome === 'info' && shown.has(value))),
      )
      .toSorted((a, b) => (b.timestampMicros ?? 0) - (a.timestampMicros ?? 0))
    // Of a write and all newer ones: the earliest acknowledgement and the earliest sending.
    let end = Number.POSITIVE_INFINITY
    let begin = Number.POSITIVE_INFINITY
    const since = new Map<string | undefined, { readonly end: number; readonly begin: number }>()
    for (const write of writes) {
      since.set(write.value, { end, begin })
      if (write.outcome === 'ok') end = Math.min(end, write.doneNs)
      begin = Math.min(begin, write.sentNs)
    }
    since.set(undefined, { end, begin })
    return reads.filter(mayLag).flatMap((read): Age[] => {
      const newer = since.get(read.found?.[0]?.value)
      // What nobody wrote, or was refused, is not old but wrong.
      if (newer === undefined) return []
      return [{ read, atLeastNs: read.sentNs - newer.end, atMostNs: read.doneNs - newer.begin }]
    })
  })
}

function mayLag({ latest }: OperationRecord): boolean {
  return latest !== true
}

function told({ zone, server, reads, behind, atLeastMs, atMostMs }: ServerStaleness): string {
  const worst = `${seconds(atLeastMs.max * 1e6)} to ${seconds(atMostMs.max * 1e6)}`
  return `Zone ${zone}, ${server}: ${behind} of ${reads} reads behind, the oldest by ${worst}.`
}
