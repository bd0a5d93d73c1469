import { z } from 'zod'
import { budgetMs } from '../../std/budgets.ts'
import type { PodConnection, SqlRow } from './pod-connection.ts'

/** How a primary's commits wait for a replica. */
export interface SemisyncStatus {
  /** They do, as of now; else they are acknowledged unprotected. */
  readonly isOn: boolean
  /** Replicas that acknowledge. */
  readonly replicas: number
  /** Commits that were acknowledged unprotected since the server's start: `Rpl_semi_sync_…_no_tx`. */
  readonly unprotected: number
  /** Those that a replica had. */
  readonly protected: number
  /** Sessions that wait for a replica now. */
  readonly waiting: number
  /** A commit waits this long at most. */
  readonly timeoutMs: number
  /** `AFTER_SYNC`: nobody sees a row before a replica has it. */
  readonly waitPoint: string
}

const schema = z.object({
  status: z.string(),
  clients: z.coerce.number(),
  no_tx: z.coerce.number(),
  yes_tx: z.coerce.number(),
  wait_sessions: z.coerce.number(),
  timeout: z.coerce.number(),
  wait_point: z.string(),
})

/** The plugin of 5.7 says master, that of 8.0.26 and later source; a server has one of them. */
const NAME = /^rpl_semi_sync_(?:master|source)_(\w+)$/i

/** Asks a primary; undefined where it has no such plugin. @throws SqlError also after `timeoutMs` */
export async function semisyncStatus(
  primary: PodConnection,
  timeoutMs = budgetMs('sqlQuery'),
): Promise<SemisyncStatus | undefined> {
  const rows: SqlRow[] = []
  for (const what of ['VARIABLES', 'STATUS']) {
    const statement = String.raw`SHOW GLOBAL ${what} LIKE 'rpl\_semi\_sync\_%'`
    rows.push(...(await primary.query(statement, [], timeoutMs)))
  }
  return semisyncOf(rows)
}

/** Of the rows of SHOW VARIABLES and SHOW STATUS. */
export function semisyncOf(rows: readonly SqlRow[]): SemisyncStatus | undefined {
  const named = rows.flatMap(({ Variable_name: name, Value: value }): [string, unknown][] => {
    const short = NAME.exec(String(name))?.[1]
    return short === undefined ? [] : [[short.toLowerCase(), value]]
  })
  if (named.length === 0) return undefined
  const found = schema.parse(Object.fromEntries(named))
  return {
    isOn: found.status === 'ON',
    replicas: found.clients,
    unprotected: found.no_tx,
    protected: found.yes_tx,
    waiting: found.wait_sessions,
    timeoutMs: found.timeout,
    waitPoint: found.wait_point,
  }
}

/** Sets how long the primary's commits wait for a replica, until its restart. @throws SqlError */
export async function setSemisyncTimeout(primary: PodConnection, timeoutMs: number): Promise<void> {
  const [row] = await primary.query(
    String.raw`SHOW GLOBAL VARIABLES LIKE 'rpl\_semi\_sync\_%\_timeout'`,
  )
  const { Variable_name: name } = z.object({ Variable_name: z.string() }).parse(row)
  await primary.query(`SET GLOBAL ${name} = ${Math.round(timeoutMs)}`)
}
