import type { OperationRecord, PlannedOperation, Schedule } from '../../model/operation.ts'
import { seededRandom } from '../../std/random.ts'

export interface SimulatedOptions {
  readonly seed: string
  /** The longest that an operation takes. */
  readonly maxLatencyNs: number
  /** By how much the client's clock may be off; each client has one offset. */
  readonly uncertaintyNs: number
  /** Shares of operations that end `info` and `fail`; half of the `info` ones happen. */
  readonly info: number
  readonly fail: number
}

/**
 * The history of a database that does everything right: each operation takes effect at one moment
 * between its sending and its answer (or later, when it was not waited for), some answers are lost, some operations are refused, and the
 * clients' clocks are off. A checker that finds anything wrong in it raises a false alarm.
 */
export function simulate(
  schedules: readonly Schedule[],
  { seed, maxLatencyNs, uncertaintyNs, info, fail }: SimulatedOptions,
): OperationRecord[] {
  const random = seededRandom(seed)
  const moments = schedules.flatMap(({ process, zone, operations }) => {
    const offset = Math.round((random.next() * 2 - 1) * uncertaintyNs)
    return operations.map((operation) => {
      const sentNs = operation.dueNs + random.int(3)
      const doneNs = sentNs + 1 + random.int(maxLatencyNs)
      const luck = random.next()
      const outcome = luck < fail ? 'fail' : luck < fail + info ? 'info' : 'ok'
      const lastNs = outcome === 'info' ? doneNs + 3 * maxLatencyNs : doneNs
      const effectNs = sentNs + random.next() * (lastNs - sentNs)
      return { operation, process, zone, sentNs, doneNs, effectNs, outcome, offset } as const
    })
  })
  const database = new Database()
  return moments
    .toSorted((a, b) => a.effectNs - b.effectNs)
    .map(({ operation, process, zone, sentNs, doneNs, outcome, offset }) => {
      const happens = outcome === 'ok' || (outcome === 'info' && random.next() < 0.5)
      const shown = happens ? database.apply(operation) : undefined
      return {
        ...operation,
        process,
        zone,
        sentNs: sentNs + offset,
        doneNs: doneNs + offset,
        outcome,
        ...(outcome === 'ok' ? {} : { error: 'Simulated' }),
        ...(outcome === 'ok' && shown !== undefined ? { found: shown } : {}),
      }
    })
}

class Database {
  readonly #sets = new Map<string, string[]>()
  readonly #registers = new Map<string, PlannedOperation>()

  /** Does an operation; a read's answer. */
  apply(operation: PlannedOperation): OperationRecord['found'] {
    const { kind, key, value = '', timestampMicros = 0 } = operation
    const set = this.#sets.get(key) ?? []
    const register = this.#registers.get(key)
    if (kind === 'insert') {
      set.push(value)
      this.#sets.set(key, set)
    }
    if (kind === 'write' && (register?.timestampMicros ?? -1) < timestampMicros) {
      this.#registers.set(key, operation)
    }
    if (kind === 'read-set') return set.map((one) => ({ value: one }))
    if (kind !== 'read' || register?.value === undefined) return undefined
    return [{ value: register.value, writtenMicros: register.timestampMicros ?? 0 }]
  }
}
