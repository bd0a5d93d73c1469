import { z } from 'zod'
import { InconclusiveError } from '../../model/errors.ts'
import type { PodConnection } from './pod-connection.ts'

const executedSchema = z.object({ mode: z.string(), executed: z.string() })

/**
 * The transactions that a server has, as a set: `uuid:1-5,…`, each under the UUID of the server that
 * it began on.
 *
 * @throws InconclusiveError when the server numbers none
 * @throws SqlError
 */
export async function executedGtids(connection: PodConnection): Promise<string> {
  const [row] = await connection.query(
    'SELECT @@GLOBAL.gtid_mode AS mode, @@GLOBAL.gtid_executed AS executed',
  )
  const { mode, executed } = executedSchema.parse(row)
  if (mode !== 'ON') {
    throw new InconclusiveError(`${connection.pod} numbers no transactions (gtid_mode ${mode}).`, {
      hint: 'Set gtid-mode=ON and enforce-gtid-consistency=ON.',
    })
  }
  return executed.replaceAll(/\s/g, '')
}

/** The transactions of one set that another has not; any server can tell. @throws SqlError */
export async function gtidsMissing(
  connection: PodConnection,
  of: string,
  from: string,
): Promise<string> {
  const [row] = await connection.query('SELECT GTID_SUBTRACT(?, ?) AS missing', [of, from])
  return z.object({ missing: z.string() }).parse(row).missing.replaceAll(/\s/g, '')
}

/**
 * The transactions of a set one by one: `uuid:3`, `uuid:4`, at most so many.
 *
 * @throws Error for what is no set
 */
export function gtidsOf(set: string, atMost = 100): string[] {
  const found: string[] = []
  for (const part of set.split(',').filter(Boolean)) {
    const [uuid = '', ...intervals] = part.split(':')
    for (const interval of intervals) {
      const [first = Number.NaN, last = first] = interval.split('-').map(Number)
      if (Number.isNaN(first)) throw new Error(`${set} is no set of GTIDs.`)
      for (let number = first; number <= last && found.length < atMost; number += 1) {
        found.push(`${uuid}:${number}`)
      }
    }
  }
  return found
}
