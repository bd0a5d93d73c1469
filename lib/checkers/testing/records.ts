import type { FoundValue, OperationRecord } from '../../model/operation.ts'

/** A record with what matters to a test; it is sent when it is due. */
export function record(
  fields: Pick<OperationRecord, 'kind' | 'sentNs' | 'doneNs'> & Partial<OperationRecord>,
): OperationRecord {
  return {
    index: 0,
    key: 'k',
    process: 'client-a',
    zone: 'us-east-1a',
    outcome: 'ok',
    dueNs: fields.sentNs,
    ...fields,
  }
}

/** What a read found. */
export function found(...values: string[]): FoundValue[] {
  return values.map((value) => ({ value }))
}

/** Small numbers out of one that fast-check draws: quick to draw, and it shrinks towards zeros. */
export function digits(drawn: number): (below: number) => number {
  let rest = drawn
  return (below) => {
    const digit = rest % below
    rest = Math.floor(rest / below)
    return digit
  }
}

/** Whether one operation certainly ended before another began: the checkers' precedence, literally. */
export function before(a: OperationRecord, b: OperationRecord, uncertaintyNs: number): boolean {
  return a.doneNs + uncertaintyNs < b.sentNs - uncertaintyNs
}

/**
 * Throws when a checker and its oracle don't say the same. Vitest's `expect` would cost more than
 * the checks of some ten thousand histories together.
 */
export function agree(what: string, checker: unknown, oracle: unknown): void {
  const [said, expected] = [JSON.stringify(checker), JSON.stringify(oracle)]
  if (said !== expected)
    throw new Error(`${what}: the checker says ${said}, the oracle ${expected}`)
}

/** Counts what came up, so that a property can show that it was not proven of nothing. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(what: string): void {
    this.#counts.set(what, this.of(what) + 1)
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0
  }
}
