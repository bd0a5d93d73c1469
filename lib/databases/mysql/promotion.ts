import { budgetMs } from '../../std/budgets.ts'
import { InconclusiveError } from '../../model/errors.ts'
import type { PodConnection } from './pod-connection.ts'
import { hasApplied, type LogPosition, replicaStatus, wordsOf } from './replication.ts'

/** Has a replica receive nothing more from its primary; it goes on serving. @throws SqlError */
export async function stopReceiving(replica: PodConnection): Promise<void> {
  const words = await wordsOf(replica)
  await replica.query(`STOP ${words.replica} IO_THREAD`)
}

/** Has a replica receive again, from where it stopped. @throws SqlError */
export async function startReceiving(replica: PodConnection): Promise<void> {
  const words = await wordsOf(replica)
  await replica.query(`START ${words.replica} IO_THREAD`)
}

/**
 * Makes a replica a primary: it receives no more, applies all that it has received, forgets whom it
 * followed, and takes writes. What it is in its configuration stays, so a restart makes it refuse
 * writes again.
 *
 * @returns how much of the old primary's log it had received
 * @throws InconclusiveError when it can't apply what it has: to promote it then would lose that
 * @throws SqlError
 */
export async function promote(replica: PodConnection): Promise<LogPosition> {
  const before = await replicaStatus(replica)
  if (!before) throw new InconclusiveError(`${replica.pod} follows nobody: it is no replica.`)
  await stopReceiving(replica)
  const { received } = (await replicaStatus(replica)) ?? before
  const seconds = Math.round(budgetMs('replicaCatchesUp') / 1000)
  if (!(await hasApplied(replica, received, seconds))) {
    throw new InconclusiveError(
      `${replica.pod} has not applied all that it had received until ${received.file} ${received.position}.`,
      { hint: 'RESET SLAVE would throw the rest away; see its Last_SQL_Error.' },
    )
  }
  await forgetPrimary(replica)
  return received
}

/** Ends replication and lets a server take writes, whatever it had still to apply. @throws SqlError */
export async function forgetPrimary(replica: PodConnection): Promise<void> {
  const words = await wordsOf(replica)
  await replica.query(`STOP ${words.replica}`)
  await replica.query(`RESET ${words.replica} ALL`)
  await replica.query('SET GLOBAL super_read_only = OFF')
  await replica.query('SET GLOBAL read_only = OFF')
}
