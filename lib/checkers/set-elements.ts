import type { OperationRecord } from '../model/operation.ts'

/** The reads of one set that were answered, by their begin. */
export interface SetReads {
  readonly key: string
  readonly records: readonly OperationRecord[]
  /** Positions of those that show all that there is, rising; others may lag behind. */
  readonly telling: readonly number[]
}

/** One id of a set: its insert, and the reads that found it. */
export interface Element {
  readonly value: string
  /** Absent when nobody inserted it. */
  readonly insert: OperationRecord | undefined
  /** How many operations inserted it; 1 where the workload is what it should be. */
  readonly inserts: number
  /** Positions in the set's reads, rising. */
  readonly foundBy: readonly number[]
  /** When the first and the last of these reads ended: +∞ and -∞ if there are none. */
  readonly firstFoundNs: number
  readonly lastFoundNs: number
  /** The first read that found it more than once, and how often. */
  readonly repeatedIn: { readonly read: OperationRecord; readonly times: number } | undefined
}

/** An id and what the reads say of it. */
export interface Fate {
  readonly element: Element
  readonly reads: SetReads
  /** When it was known to be there: acknowledged, or a read that found it ended; +∞ if never. */
  readonly knownNs: number
  /** The last telling read that misses it, if it began after `knownNs`. */
  readonly missedBy: OperationRecord | undefined
}

type Growing = { -readonly [K in keyof Element]: Element[K] } & { foundBy: number[] }

/**
 * The sets of a history, by their keys, with every id that was inserted or found.
 *
 * @param isTelling whether a read shows all that there is
 */
export function collectSets(
  history: Iterable<OperationRecord>,
  isTelling: (read: OperationRecord) => boolean,
): { readonly reads: SetReads; readonly elements: ReadonlyMap<string, Element> }[] {
  const sets = new Map<string, { reads: OperationRecord[]; elements: Map<string, Growing> }>()
  for (const record of history) {
    if (record.kind !== 'insert' && record.kind !== 'read-set') continue
    let set = sets.get(record.key)
    if (set === undefined) sets.set(record.key, (set = { reads: [], elements: new Map() }))
    if (record.kind === 'insert') addInsert(set.elements, record)
    else if (record.outcome === 'ok') set.reads.push(record)
  }
  return [...sets].map(([key, { reads, elements }]) => {
    const records = reads.toSorted((a, b) => a.sentNs - b.sentNs)
    const telling: number[] = []
    for (const [position, read] of records.entries()) {
      addRead(elements, read, position)
      if (isTelling(read)) telling.push(position)
    }
    return { reads: { key, records, telling }, elements }
  })
}

/** What the reads say of an id, with clocks that may be `apartNs` apart. */
export function fateOf(element: Element, reads: SetReads, apartNs: number): Fate {
  const { insert, foundBy, firstFoundNs } = element
  const acknowledgedNs = insert?.outcome === 'ok' ? insert.doneNs : Number.POSITIVE_INFINITY
  const knownNs = Math.min(acknowledgedNs, firstFoundNs)
  // Both are in the order of all reads: from their end, the first telling read that is not among
  // those that found it is the last one that misses it.
  let missed = reads.telling.length - 1
  for (let i = foundBy.length - 1; i >= 0 && missed >= 0; i -= 1) {
    const [finding = -1, telling = -1] = [foundBy[i], reads.telling[missed]]
    if (finding < telling) break
    if (finding === telling) missed -= 1
  }
  const last = reads.records[reads.telling[missed] ?? -1]
  const counts = last !== undefined && last.sentNs > knownNs + apartNs
  return { element, reads, knownNs, missedBy: counts ? last : undefined }
}

function addInsert(elements: Map<string, Growing>, record: OperationRecord): void {
  const element = elementOf(elements, record.value ?? '')
  element.insert ??= record
  element.inserts += 1
}

function addRead(elements: Map<string, Growing>, read: OperationRecord, position: number): void {
  for (const { value } of read.found ?? []) {
    const element = elementOf(elements, value)
    if (element.foundBy.at(-1) === position) {
      const before = element.repeatedIn
      if (before === undefined) element.repeatedIn = { read, times: 2 }
      else if (before.read === read) element.repeatedIn = { read, times: before.times + 1 }
      continue
    }
    element.foundBy.push(position)
    element.firstFoundNs = Math.min(element.firstFoundNs, read.doneNs)
    element.lastFoundNs = Math.max(element.lastFoundNs, read.doneNs)
  }
}

function elementOf(elements: Map<string, Growing>, value: string): Growing {
  let element = elements.get(value)
  if (element === undefined) {
    element = {
      value,
      insert: undefined,
      inserts: 0,
      foundBy: [],
      firstFoundNs: Number.POSITIVE_INFINITY,
      lastFoundNs: Number.NEGATIVE_INFINITY,
      repeatedIn: undefined,
    }
    elements.set(value, element)
  }
  return element
}
