import { z } from 'zod'
import type { PodConnection, SqlRow } from './pod-connection.ts'
import { type ReplicationWords, replicationWords } from './replication-words.ts'

const yes = z.string().transform((text) => text === 'Yes')

/** What a replica says of itself, in the words of 5.7: see `inOldWords`. */
const statusSchema = z.object({
  Master_Host: z.string(),
  Slave_IO_Running: yes,
  Slave_SQL_Running: yes,
  Last_IO_Error: z.string(),
  Last_SQL_Error: z.string(),
  Seconds_Behind_Master: z.coerce.number().nullable(),
  Master_Log_File: z.string(),
  Read_Master_Log_Pos: z.coerce.number(),
})

/** How a replica follows its primary. */
export interface ReplicaStatus {
  readonly primary: string
  /** Receives what the primary writes. */
  readonly isReceiving: boolean
  /** Applies what it received. */
  readonly isApplying: boolean
  /** By the replica's own estimate; null while it doesn't follow. */
  readonly behindSeconds: number | null
  readonly lastError: string
  /** How much of the primary's log it has received, applied or not. */
  readonly received: LogPosition
}

const sourceSchema = z.object({ File: z.string(), Position: z.coerce.number() })

/** A place in the primary's binary log. */
export interface LogPosition {
  readonly file: string
  readonly position: number
}

/** Who a server is. */
export interface ServerFacts {
  readonly serverId: number
  /** Its own name for itself, kept in its data folder. */
  readonly serverUuid: string
  /** Refuses writes, root's too. */
  readonly isReadOnly: boolean
}

const factsSchema = z.object({ id: z.coerce.number(), uuid: z.string(), ro: z.coerce.number() })

/** Asks a server who it is. @throws SqlError */
export async function serverFacts(connection: PodConnection): Promise<ServerFacts> {
  const [row] = await connection.query(
    'SELECT @@server_id AS id, @@server_uuid AS uuid, @@super_read_only AS ro',
  )
  const { id, uuid, ro } = factsSchema.parse(row)
  return { serverId: id, serverUuid: uuid, isReadOnly: ro === 1 }
}

/** Asks a server how it follows; undefined when it follows nobody. @throws SqlError */
export async function replicaStatus(connection: PodConnection): Promise<ReplicaStatus | undefined> {
  const { replica } = await wordsOf(connection)
  const [row] = await connection.query(`SHOW ${replica} STATUS`)
  if (row === undefined) return undefined
  const status = statusSchema.parse(inOldWords(row))
  return {
    primary: status.Master_Host,
    isReceiving: status.Slave_IO_Running,
    isApplying: status.Slave_SQL_Running,
    behindSeconds: status.Seconds_Behind_Master,
    lastError: status.Last_IO_Error || status.Last_SQL_Error,
    received: { file: status.Master_Log_File, position: status.Read_Master_Log_Pos },
  }
}

/** The words that a server takes. @throws SqlError */
export async function wordsOf(connection: PodConnection): Promise<ReplicationWords> {
  const [row] = await connection.query('SELECT VERSION() AS version')
  return replicationWords(z.object({ version: z.string() }).parse(row).version)
}

/** A status whose columns are named as 5.7 names them. */
function inOldWords(row: SqlRow): SqlRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name.replace('Replica', 'Slave').replace('Source', 'Master'),
      value,
    ]),
  )
}

/** Where the primary's binary log ends now; undefined if it keeps none. @throws SqlError */
export async function logPosition(primary: PodConnection): Promise<LogPosition | undefined> {
  const { showLog } = await wordsOf(primary)
  const [row] = await primary.query(showLog)
  if (row === undefined) return undefined
  const { File: file, Position: position } = sourceSchema.parse(row)
  return { file, position }
}

/**
 * Waits in the replica until it has applied the primary's log up to a position.
 *
 * @returns whether it has; false when the time ran out, or when it follows nobody
 * @throws SqlError
 */
export async function hasApplied(
  replica: PodConnection,
  { file, position }: LogPosition,
  timeoutSeconds: number,
): Promise<boolean> {
  const { wait } = await wordsOf(replica)
  // More time for the answer than the server waits.
  const [row] = await replica.query(
    `SELECT ${wait}(?, ?, ?) AS events`,
    [file, position, timeoutSeconds],
    (timeoutSeconds + 5) * 1000,
  )
  const { events } = z.object({ events: z.coerce.number().nullable() }).parse(row)
  return events !== null && events >= 0
}

/** What is wrong with how a server of the tutorial's setup plays its part, as sentences. */
export function roleProblems(
  { pod, ordinal }: { readonly pod: string; readonly ordinal: number },
  facts: ServerFacts,
  status: ReplicaStatus | undefined,
): string[] {
  const problems: string[] = []
  const expected = 100 + ordinal
  if (facts.serverId !== expected) {
    problems.push(`${pod} has the server id ${facts.serverId}, not ${expected}.`)
  }
  if (ordinal === 0) {
    if (facts.isReadOnly) problems.push(`${pod}, the primary, is read-only.`)
    if (status) problems.push(`${pod}, the primary, follows ${status.primary}.`)
    return problems
  }
  if (!facts.isReadOnly) problems.push(`${pod}, a replica, takes writes.`)
  if (!status) return [...problems, `${pod} follows nobody.`]
  if (!status.isReceiving || !status.isApplying) {
    const doing = `receives: ${status.isReceiving}, applies: ${status.isApplying}`
    problems.push(`${pod} does not replicate (${doing}): ${status.lastError || 'no error yet'}.`)
  }
  return problems
}
