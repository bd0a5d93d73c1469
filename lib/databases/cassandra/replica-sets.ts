import { InconclusiveError } from '../../model/errors.ts'
import { LOAD_KEYSPACE } from './load-schema.ts'
import type { PodSession } from './pod-session.ts'
import { readOnReplica } from './replica-read.ts'

const SELECT = `SELECT id FROM ${LOAD_KEYSPACE}.sets WHERE name = ?`
/** The driver's page: what comes after it is not read, so a set that fills one may be longer. */
const PAGE_ROWS = 5000

/**
 * The ids that a replica itself has of a set of the clients.
 *
 * @param address of the node that the session is with
 * @returns undefined when it is not proven that this node served the read
 */
export async function readSetOnReplica(
  session: PodSession,
  address: string,
  name: string,
): Promise<ReadonlySet<string> | undefined> {
  const read = await readOnReplica(session, address, SELECT, [name])
  if (!read) return undefined
  if (read.rows.length >= PAGE_ROWS) {
    throw new InconclusiveError(`Set ${name} has more than the ${PAGE_ROWS} ids that are read.`, {
      hint: 'Lower the rate of the clients.',
    })
  }
  return new Set(read.rows.map((row) => String(row['id'])))
}
