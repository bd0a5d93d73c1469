import type { OperationRecord } from '../model/operation.ts'
import { seconds } from './findings.ts'
import type { Fate } from './set-elements.ts'

/** What is told of an id, one sentence for each kind of anomaly. */
export const tell = {
  lost: (fate: Fate): string => {
    const { element, reads, missedBy } = fate
    const last = reads.records[element.foundBy.at(-1) ?? -1]
    const seen =
      last === undefined ? 'no read ever found it' : `the last that found it was ${readBy(last)}`
    return `${subject(fate)}, is missing from ${readBy(missedBy)}; ${seen}.`
  },
  stale: (fate: Fate): string => {
    const { element, reads, missedBy } = fate
    const last = readBy(reads.records[element.foundBy.at(-1) ?? -1])
    return `${subject(fate)}, is missing from ${readBy(missedBy)}, and there again in ${last}.`
  },
  unexpected: ({ element, reads }: Fate): string => {
    const { insert } = element
    const read = readBy(
      element.foundBy
        .map((position) => reads.records[position])
        .find((one) => one?.doneNs === element.firstFoundNs),
    )
    const what = `Id ${element.value} of ${reads.key}, found by ${read}, `
    if (insert === undefined) return `${what}was inserted by nobody.`
    if (insert.outcome === 'fail') {
      return `${what}was refused to ${insert.process} at ${seconds(insert.doneNs)}: ${insert.error ?? 'without a reason'}.`
    }
    return `${what}was inserted by ${insert.process} only at ${seconds(insert.sentNs)}.`
  },
  duplicated: ({ element, reads }: Fate): string => {
    const { read, times } = element.repeatedIn ?? {}
    return `Id ${element.value} of ${reads.key} is ${times ?? 0} times in ${readBy(read)}.`
  },
  neverRead:
    (count: number) =>
    (fate: Fate): string =>
      `${count} acknowledged ${count === 1 ? 'id was' : 'ids were'} never looked for: ` +
      `${subject(fate)}, and no read of its set that was answered began after that.`,
  ambiguous: ({ element, reads }: Fate): string =>
    `Id ${element.value} of ${reads.key} was inserted by ${element.inserts} operations; ` +
    'the checker needs unique ids.',
}

function subject({ element, reads, knownNs }: Fate): string {
  const { insert, value } = element
  if (insert === undefined) return `Id ${value} of ${reads.key}, inserted by nobody`
  const by = `Id ${value} of ${reads.key}, inserted by ${insert.process} in ${insert.zone}`
  return insert.outcome === 'ok'
    ? `${by} and acknowledged at ${seconds(insert.doneNs)}`
    : `${by} at ${seconds(insert.sentNs)}, not acknowledged but found at ${seconds(knownNs)}`
}

function readBy(read: OperationRecord | undefined): string {
  if (read === undefined) return 'no read'
  const { process, zone, sentNs, doneNs } = read
  return `the read by ${process} in ${zone} from ${seconds(sentNs)} to ${seconds(doneNs)}`
}
