import { within } from '../../std/poll.ts'
import type { PodSession } from './pod-session.ts'

/** For one change of the schema, which the driver awaits on all nodes for up to 20 s. */
const CHANGE_MS = 30_000

/**
 * Makes keyspaces and tables; all nodes have them when this returns.
 *
 * @param what is made, as the subject of a sentence
 * @throws CqlError
 * @throws WaitTimeoutError
 */
export async function makeTables(
  session: PodSession,
  what: string,
  statements: readonly string[],
): Promise<void> {
  const budgetMs = statements.length * CHANGE_MS
  await within({ what: `${what} on every node`, budget: 'cqlQuery', budgetMs }, async () => {
    for (const statement of statements) {
      await session.execute(statement, [], { consistency: 'QUORUM' })
    }
  })
}
