import type { FoundValue, OperationRecord } from '../model/operation.ts'
import type { Judgement } from '../model/verdict.ts'
import { findingsOf, firstAbove, judge, seconds } from './findings.ts'

export interface LastWriteOptions {
  /** By how much any client's clock may be off the common one. */
  readonly clockUncertaintyNs: number
}

export type RecencyEvidence = {
  readonly counts: Readonly<
    Record<'writes' | 'acknowledged' | 'reads' | 'compared' | 'stale' | 'unexpected', number>
  >
  readonly details: readonly string[]
}

export type MonotonicEvidence = {
  /** `compared`: reads of a key after which the same process had read that key. */
  readonly counts: Readonly<Record<'reads' | 'compared' | 'backwards', number>>
  readonly details: readonly string[]
}

/** A read and what it shows: the timestamp of the write that it found, -∞ for nothing. */
interface Sighting {
  readonly read: OperationRecord
  readonly found: FoundValue | undefined
  readonly writtenMicros: number
}

interface Register {
  readonly writes: OperationRecord[]
  readonly reads: OperationRecord[]
}

/** Two operations that don't fit: what a read should have shown, and what it did. */
interface Contradiction {
  readonly sighting: Sighting
  readonly expected: OperationRecord
}

/**
 * Whether reads show the last write, for registers with one writer each whose timestamps strictly
 * increase, so that the newest write is known however they arrive: a regular register (Lamport, On
 * Interprocess Communication, 1986), which reads and writes at QUORUM promise.
 * - `recency`: a read that began after a write of its key was acknowledged shows that write or one of
 *   a higher timestamp; and what it shows was written, with the timestamp that it shows, by a write
 *   that began before the read ended and that did not certainly fail
 * - `monotonicReads`: of one process, a read that began after another of the same key had ended
 *   shows nothing older (Terry et al., Session Guarantees, 1994). Its clock is its own, so that it
 *   is taken at its word.
 *
 * Before is strict, with each clock off by its uncertainty. `info` writes may show or not. Either is
 * unknown when no two operations could be compared, or when a key has several writers. n log n.
 */
export function checkLastWrite(
  history: Iterable<OperationRecord>,
  { clockUncertaintyNs }: LastWriteOptions,
): {
  readonly recency: Judgement<RecencyEvidence>
  readonly monotonicReads: Judgement<MonotonicEvidence>
} {
  const counts = { writes: 0, acknowledged: 0, reads: 0, compared: 0 }
  const stale: Contradiction[] = []
  const backwards: Contradiction[] = []
  const unexpected: string[] = []
  const disorder: string[] = []
  let successive = 0
  for (const [key, register] of collectRegisters(history)) {
    const { writes, reads } = register
    counts.writes += writes.length
    counts.reads += reads.length
    const acknowledged = writes.filter(({ outcome }) => outcome === 'ok')
    counts.acknowledged += acknowledged.length
    const wrongOrder = disorderOf(key, writes)
    if (wrongOrder !== undefined) {
      disorder.push(wrongOrder)
      continue
    }
    const byValue = new Map(writes.map((write) => [write.value, write]))
    const sightings: Sighting[] = []
    for (const read of reads) {
      const found = read.found?.[0]
      const write = byValue.get(found?.value)
      const fault = faultOf(read, write, 2 * clockUncertaintyNs)
      if (fault !== undefined) unexpected.push(fault)
      if (found !== undefined && write === undefined) continue
      sightings.push({ read, found, writtenMicros: write?.timestampMicros ?? -Infinity })
    }
    const newestBefore = newestAt(acknowledged, ({ timestampMicros = 0 }) => timestampMicros)
    for (const sighting of sightings) {
      const expected = newestBefore(sighting.read.sentNs - 2 * clockUncertaintyNs)
      if (expected === undefined) continue
      counts.compared += 1
      if (sighting.writtenMicros < (expected.timestampMicros ?? 0))
        stale.push({ sighting, expected })
    }
    for (const own of Map.groupBy(sightings, ({ read }) => read.process).values()) {
      const shown = new Map(own.map((sighting) => [sighting.read, sighting.writtenMicros]))
      const newest = newestAt([...shown.keys()], (read) => shown.get(read) ?? -Infinity)
      for (const sighting of own) {
        const expected = newest(sighting.read.sentNs)
        if (expected === undefined) continue
        successive += 1
        if (sighting.writtenMicros < (shown.get(expected) ?? -Infinity)) {
          backwards.push({ sighting, expected })
        }
      }
    }
  }
  return {
    recency: judge(
      [
        ...findingsOf(
          stale,
          `${many(stale.length, 'read')} stale of ${counts.compared}`,
          tellStale,
        ),
        ...findingsOf(unexpected, `${many(unexpected.length, 'read')} of a wrong value`, String),
      ],
      [
        ...disorder.slice(0, 1),
        ...(counts.compared === 0
          ? [`None of ${many(counts.reads, 'read')} began after an acknowledged write of its key.`]
          : []),
      ],
      `All ${counts.compared} reads that began after an acknowledged write show it or a newer one.`,
      { counts: { ...counts, stale: stale.length, unexpected: unexpected.length } },
    ),
    monotonicReads: judge(
      findingsOf(
        backwards,
        `${many(backwards.length, 'read')} back in time of ${successive}`,
        tellBackwards,
      ),
      [
        ...disorder.slice(0, 1),
        ...(successive === 0 ? ['No process read a key again after it had read it.'] : []),
      ],
      `None of ${successive} reads shows less than its process had read before.`,
      { counts: { reads: counts.reads, compared: successive, backwards: backwards.length } },
    ),
  }
}

function collectRegisters(history: Iterable<OperationRecord>): Map<string, Register> {
  const registers = new Map<string, Register>()
  for (const record of history) {
    if (record.kind !== 'read' && record.kind !== 'write') continue
    let register = registers.get(record.key)
    if (register === undefined) registers.set(record.key, (register = { writes: [], reads: [] }))
    if (record.kind === 'write') register.writes.push(record)
    else if (record.outcome === 'ok') register.reads.push(record)
  }
  return registers
}

/** Why the writes of a key don't have the one order that this checker goes by. */
function disorderOf(key: string, writes: readonly OperationRecord[]): string | undefined {
  const ordered = writes.toSorted((a, b) => a.index - b.index)
  for (const [i, write] of ordered.entries()) {
    const { process, index, timestampMicros } = write
    if (timestampMicros === undefined) {
      return `Write ${index} of ${key} by ${process} has no timestamp; the checker needs each write's.`
    }
    const before = ordered[i - 1]
    if (before === undefined) continue
    if (before.process !== process) {
      return `Key ${key} was written by ${before.process} and ${process}; the checker needs one writer.`
    }
    if ((before.timestampMicros ?? 0) >= timestampMicros) {
      return `Write ${index} of ${key} has the timestamp ${timestampMicros}, no more than the one before; the checker needs rising ones.`
    }
  }
  return undefined
}

/** What is wrong with the value that a read shows, taken by itself. */
function faultOf(
  read: OperationRecord,
  write: OperationRecord | undefined,
  apartNs: number,
): string | undefined {
  const found = read.found?.[0]
  if (found === undefined) return undefined
  const what = `${told(read)} found ${found.value}, `
  if (write === undefined) return `${what}which nobody wrote.`
  if (write.outcome === 'fail') {
    return `${what}whose write was refused at ${seconds(write.doneNs)}: ${write.error ?? 'without a reason'}.`
  }
  if (write.sentNs > read.doneNs + apartNs) {
    return `${what}which ${write.process} wrote only at ${seconds(write.sentNs)}.`
  }
  if (found.writtenMicros !== undefined && found.writtenMicros !== write.timestampMicros) {
    return `${what}written at the timestamp ${found.writtenMicros}; it was sent with ${write.timestampMicros ?? 'none'}.`
  }
  return undefined
}

/** Of the operations that ended before a time the one that ranks highest: a running maximum. */
function newestAt(
  operations: readonly OperationRecord[],
  rank: (operation: OperationRecord) => number,
): (timeNs: number) => OperationRecord | undefined {
  const ended = operations.toSorted((a, b) => a.doneNs - b.doneNs)
  const doneNs = ended.map((operation) => operation.doneNs)
  const newest: OperationRecord[] = []
  for (const operation of ended) {
    const before = newest.at(-1)
    newest.push(before === undefined || rank(operation) > rank(before) ? operation : before)
  }
  // Strictly before: whole numbers, so none lies between the time and the number below it.
  return (timeNs) => newest[firstAbove(doneNs, timeNs - 1) - 1]
}

function tellStale({ sighting, expected }: Contradiction): string {
  const { process, zone, doneNs, value, timestampMicros } = expected
  return (
    `${told(sighting.read)} found ${shownBy(sighting)}, though ${process} in ${zone} had ` +
    `${value ?? ''} (timestamp ${timestampMicros ?? 'none'}) acknowledged at ${seconds(doneNs)}.`
  )
}

function tellBackwards({ sighting, expected }: Contradiction): string {
  const { found, doneNs } = expected
  return (
    `${told(sighting.read)} found ${shownBy(sighting)}, though the same process had found ` +
    `${found?.[0]?.value ?? 'nothing'} by ${seconds(doneNs)}.`
  )
}

function shownBy({ found, writtenMicros }: Sighting): string {
  return found === undefined ? 'nothing' : `${found.value} (timestamp ${writtenMicros})`
}

function told({ key, process, zone, sentNs, doneNs }: OperationRecord): string {
  return `The read of ${key} by ${process} in ${zone} from ${seconds(sentNs)} to ${seconds(doneNs)}`
}

function many(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`
}
