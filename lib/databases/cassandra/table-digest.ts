import { createHash } from 'node:crypto'
import { InconclusiveError } from '../../model/errors.ts'
import { poll, WaitTimeoutError } from '../../std/poll.ts'
import { CqlError, type PodSession, type Row } from './pod-session.ts'

/** All that one node itself has of a table. */
export interface TableDigest {
  readonly rows: number
  /** SHA-256 over the rows in the order of their tokens, values and write times included. */
  readonly sha256: string
}

export interface DigestedTable {
  readonly keyspace: string
  readonly table: string
  /** The partition key's column, and the one column beside it. */
  readonly key: string
  readonly value: string
  /** In so many parts it is read: none may have more rows than a page. */
  readonly parts: number
}

/** The driver's page size: more rows than that in a part would be left out. */
const PAGE = 5000
const MAX_ASKED = 20
const TRACE_MS = 10_000
/** Nothing is there, and no table that is looked at is touched. */
const NOTHING = `SELECT host_id FROM system_distributed.view_build_status WHERE keyspace_name = '' AND view_name = ''`
const NOTHINGS = 10
const RING = 2n ** 64n
const FIRST_TOKEN = -(2n ** 63n)

/**
 * Reads a table at ONE from one node's own storage and makes a digest of it. The trace of each read
 * must prove that this node served it and asked no other; else it is read again.
 *
 * @param address of the node that the session is with
 * @throws InconclusiveError when no trace proves it, or a part has too many rows
 */
export async function digestTable(
  session: PodSession,
  address: string,
  of: DigestedTable,
): Promise<TableDigest> {
  const { keyspace, table, key, value, parts } = of
  const hash = createHash('sha256')
  let count = 0
  for (let part = 0; part < parts; part++) {
    const from = FIRST_TOKEN + (RING * BigInt(part)) / BigInt(parts)
    const to = FIRST_TOKEN + (RING * BigInt(part + 1)) / BigInt(parts) - 1n
    const rows = await readPart(
      session,
      address,
      `SELECT ${key}, ${value}, writetime(${value}) AS written FROM ${keyspace}.${table} ` +
        `WHERE token(${key}) >= ${from} AND token(${key}) <= ${to}`,
    )
    if (rows.length >= PAGE) {
      throw new InconclusiveError(`A part of ${keyspace}.${table} has ${PAGE} rows or more.`, {
        hint: 'Read it in more parts.',
      })
    }
    for (const row of rows) {
      const bytes: unknown = row[value]
      hash.update(`${String(row[key])} ${String(row['written'])} `)
      hash.update(Buffer.isBuffer(bytes) ? bytes : String(bytes))
    }
    count += rows.length
  }
  return { rows: count, sha256: hash.digest('hex') }
}

async function readPart(
  session: PodSession,
  address: string,
  statement: string,
): Promise<readonly Row[]> {
  let others: readonly string[] = []
  for (let asked = 0; asked < MAX_ASKED; asked++) {
    const { rows, traceId } = await session.execute(statement, [], {
      consistency: 'ONE',
      trace: true,
    })
    if (traceId === undefined) throw new InconclusiveError(`${session.pod} traces no requests.`)
    const sources = await sourcesOf(session, traceId)
    others = sources.filter((source) => source !== address)
    if (sources.length > 0 && others.length === 0) return rows
    await haveAllTimed(session)
  }
  throw new InconclusiveError(
    `${session.pod} at ${address} did not serve a read by itself in ${MAX_ASKED} tries; ${others.join(', ') || 'no trace'} took part.`,
  )
}

/**
 * A node that was once slow to serve itself asks the others from then on, for at ONE it is never
 * timed again (the dynamic snitch forgets after ten minutes). Reads at ALL time it and the others.
 */
async function haveAllTimed(session: PodSession): Promise<void> {
  try {
    for (let count = 0; count < NOTHINGS; count++) {
      await session.execute(NOTHING, [], { consistency: 'ALL' })
    }
  } catch (error) {
    // Not all are up. Then the node may serve itself by and by, or it is said that it didn't.
    if (!(error instanceof CqlError)) throw error
  }
}

/** Addresses of the nodes that took part in a request; empty when its trace doesn't come. */
async function sourcesOf(session: PodSession, traceId: string): Promise<readonly string[]> {
  // Ids of traces are the server's own, and a UUID needs no quoting.
  if (!/^[0-9a-f-]{36}$/.test(traceId)) return []
  const read = async (statement: string): Promise<readonly Row[]> =>
    (await session.execute(statement, [], { consistency: 'ONE' })).rows
  try {
    return await poll(
      { what: `trace ${traceId}`, budget: 'cqlQuery', budgetMs: TRACE_MS, intervalMs: 100 },
      async () => {
        const [ended] = await read(
          `SELECT duration FROM system_traces.sessions WHERE session_id = ${traceId}`,
        )
        if (typeof ended?.['duration'] !== 'number') return { done: false, seen: 'no end' }
        const events = await read(
          `SELECT source FROM system_traces.events WHERE session_id = ${traceId}`,
        )
        return { done: true, value: [...new Set(events.map(({ source }) => String(source)))] }
      },
    )
  } catch (error) {
    if (error instanceof WaitTimeoutError) return []
    throw error
  }
}
