import type { PlannedOperation, Schedule } from '../model/operation.ts'
import { seededRandom } from '../std/random.ts'
import { drawLatest, dueTimesNs, type LoadOptions } from './pace.ts'

export interface AvailabilityOptions extends LoadOptions {
  /** Which share of the operations reads; the others write. */
  readonly readShare?: number
  /** How many registers each client writes. */
  readonly keysPerClient?: number
  /**
   * Above which the timestamps of the writes lie, microseconds; those of a table that has seen
   * other writes to the same keys must be below.
   */
  readonly timestampsAboveMicros?: number
}

const WORKLOAD = 'availability'
const DEFAULT_READ_SHARE = 0.5
const DEFAULT_KEYS_PER_CLIENT = 4

/**
 * Tiny reads and writes in each zone. A client writes registers of its own alone, with timestamps
 * 1, 2, 3, … in the order of the schedule, so that the newest write is known whatever order they
 * arrive in; it reads everybody's, so that a write in one zone is looked for from the others.
 */
export function availabilitySchedules(options: AvailabilityOptions): Schedule[] {
  const { clients, keysPerClient = DEFAULT_KEYS_PER_CLIENT } = options
  const keysOf = new Map(
    clients.map(({ process }) => [
      process,
      Array.from({ length: keysPerClient }, (_, i) => `${process}-r${i}`),
    ]),
  )
  const allKeys = [...keysOf.values()].flat()
  return clients.map((client) => {
    const random = seededRandom(`${options.seed}/availability/${client.process}`)
    const ownKeys = keysOf.get(client.process) ?? []
    const above = options.timestampsAboveMicros ?? 0
    let written = 0
    const operations = dueTimesNs(options, client).map((dueNs, index): PlannedOperation => {
      if (random.next() < (options.readShare ?? DEFAULT_READ_SHARE)) {
        const key = random.pick(allKeys)
        return { index, kind: 'read', key, ...drawLatest(options, random), dueNs }
      }
      written += 1
      return {
        index,
        kind: 'write',
        key: random.pick(ownKeys),
        value: `${client.process}-${written}`,
        timestampMicros: above + written,
        dueNs,
      }
    })
    return { workload: WORKLOAD, ...client, operations }
  })
}
