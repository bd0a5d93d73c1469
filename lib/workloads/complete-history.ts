import type { OperationRecord, Schedule } from '../model/operation.ts'

/** Why an operation has no record of its own. */
export const NO_RECORD = 'no-record'

/**
 * A client's history with every operation that was due but left no record, as `info`: a client that
 * died may have sent it, and a write may have happened. By the index of the schedule.
 *
 * @param records what the client recorded, in any order
 * @param untilNs when the load was stopped: operations due from then on were never to be sent
 * @throws RangeError on a record that is not of this schedule, or two of one operation
 */
export function completeHistory(
  schedule: Schedule,
  records: readonly OperationRecord[],
  untilNs = Number.POSITIVE_INFINITY,
): OperationRecord[] {
  const { process, zone, operations } = schedule
  const byIndex = new Map<number, OperationRecord>()
  for (const record of records) {
    if (record.process !== process || byIndex.has(record.index)) {
      const what = `Record ${record.index} of ${record.process}`
      throw new RangeError(
        record.process === process
          ? `${what} is there twice: its chunks were put together wrongly.`
          : `${what} is not of the schedule of ${process}.`,
      )
    }
    byIndex.set(record.index, record)
  }
  const complete = operations.flatMap((operation): OperationRecord[] => {
    const record = byIndex.get(operation.index)
    byIndex.delete(operation.index)
    if (record !== undefined) return [record]
    const { dueNs } = operation
    if (dueNs >= untilNs) return []
    return [
      {
        ...operation,
        process,
        zone,
        sentNs: dueNs,
        doneNs: dueNs,
        outcome: 'info',
        error: NO_RECORD,
      },
    ]
  })
  for (const index of byIndex.keys()) {
    throw new RangeError(`Record ${index} of ${process} is not of its schedule.`)
  }
  return complete
}
