import { InconclusiveError } from '../../model/errors.ts'
import type { Consistency, PodSession } from './pod-session.ts'
import { notServedBy, readTrace } from './trace.ts'

/** The tutorial's table, word for word but for `IF NOT EXISTS`. */
export const KEYSPACE = 'awsdemo'
export const TABLE = 'awsregions'

export interface Region {
  readonly regioncode: string
  readonly city: string
  readonly country: string
}

/** A row whose write was acknowledged. */
export interface WrittenRegion extends Region {
  /** Timestamp that was sent with the write; microseconds since 1970. */
  readonly writtenMicros: number
}

/** A row as the database served it. */
export interface FoundRegion extends Region {
  /** `WRITETIME(city)`; absent where there is no city. */
  readonly writtenMicros: number | undefined
}

/** How many nodes keep each row. */
export const REPLICATION_FACTOR = 3

/** The tutorial's two rows. */
export const AWS_REGIONS: readonly Region[] = [
  { regioncode: 'eu-south-1', city: 'Milan', country: 'Italy' },
  { regioncode: 'af-south-1', city: 'Cape Town', country: 'South Africa' },
]

/** How often a read is asked again that another node served. */
const MAX_ASKED = 20
/** How many traces may fail to come before no more are waited for. */
const MAX_UNTRACED = 3

/**
 * Makes keyspace and table, and waits until all nodes have them. Beside what the tutorial makes,
 * everything is turned off by which a read at ONE could be answered by another replica, or mend the
 * very difference that it is looking for: speculative retry, and in 3.11 both chances of a read
 * repair. Blocking read repair at QUORUM is part of what is claimed, and stays.
 */
export async function createSchema(session: PodSession, replicationFactor: number): Promise<void> {
  const ddl = async (statement: string): Promise<void> => {
    await session.execute(statement, [], { consistency: 'QUORUM' })
  }
  await ddl(
    `CREATE KEYSPACE IF NOT EXISTS ${KEYSPACE} WITH REPLICATION = ` +
      `{ 'class' : 'SimpleStrategy', 'replication_factor' : ${replicationFactor} }`,
  )
  await ddl(
    `CREATE TABLE IF NOT EXISTS ${KEYSPACE}.${TABLE} ` +
      '(regionCode text PRIMARY KEY, city text, country text)',
  )
  const { rows } = await session.execute('SELECT release_version FROM system.local', [], {
    consistency: 'ONE',
  })
  await ddl(
    `ALTER TABLE ${KEYSPACE}.${TABLE} WITH ${checkableOptions(String(rows[0]?.['release_version']))}`,
  )
}

/** Table options that make replicas comparable one by one, in the words of a version. */
export function checkableOptions(releaseVersion: string): string {
  const major = Number(releaseVersion.split('.')[0])
  if (major >= 4) return "speculative_retry = 'NEVER'"
  return "speculative_retry = 'NONE' AND read_repair_chance = 0 AND dclocal_read_repair_chance = 0"
}

/** Writes rows one by one; each is acknowledged when this returns. */
export async function writeRegions(
  session: PodSession,
  regions: readonly Region[],
  options: { readonly consistency: Consistency; readonly timestampMicros: number },
): Promise<void> {
  for (const { regioncode, city, country } of regions) {
    await session.execute(
      `INSERT INTO ${KEYSPACE}.${TABLE} (regioncode, city, country) VALUES (?, ?, ?)`,
      [regioncode, city, country],
      options,
    )
  }
}

/** Reads rows by their keys; those that aren't there are left out. */
export async function readRegions(
  session: PodSession,
  codes: readonly string[],
  consistency: Consistency,
): Promise<FoundRegion[]> {
  const found: FoundRegion[] = []
  for (const code of codes) {
    const { rows } = await session.execute(SELECT, [code], { consistency })
    found.push(...rows.map((row) => regionOf(row)))
  }
  return found
}

/** What a replica itself has of a row, and how that was proven. */
export interface ReplicaRead {
  readonly region: FoundRegion | undefined
  readonly traceId: string
  /** How often it had to be asked until it served the read itself. */
  readonly asked: number
}

/**
 * Reads a row at ONE from one replica's own storage. A coordinator may have another replica serve
 * the read (dynamic snitch), so the trace must prove that this one did; else it is asked again.
 *
 * @param address of the node that the session is with
 * @returns undefined when no trace proved that this node served the read, which says nothing about
 *   the row: traces may be lost, and a coordinator may go on asking others
 */
export async function readOnReplica(
  session: PodSession,
  address: string,
  code: string,
): Promise<ReplicaRead | undefined> {
  let untraced = 0
  for (let asked = 1; asked <= MAX_ASKED; asked += 1) {
    const { rows, traceId } = await session.execute(SELECT, [code], {
      consistency: 'ONE',
      trace: true,
    })
    if (traceId === undefined) {
      throw new InconclusiveError(`The node of pod ${session.pod} traces no requests.`)
    }
    const trace = await readTrace(session, traceId)
    if (!trace) {
      untraced += 1
      if (untraced === MAX_UNTRACED) return undefined
      continue
    }
    if (notServedBy(trace, address).length > 0) continue
    const [row] = rows
    return { region: row === undefined ? undefined : regionOf(row), traceId, asked }
  }
  return undefined
}

/**
 * How what was read differs from what was acknowledged, as sentences; empty when it doesn't. The
 * values alone prove little, as every run writes the same: a row must also carry the timestamp of
 * its write, or else that write was lost and what is read is an earlier one's.
 *
 * @param latestMicros timestamp of a row's last write, where it was written again since
 */
export function differences(
  expected: readonly WrittenRegion[],
  found: readonly FoundRegion[],
  latestMicros: ReadonlyMap<string, number> = new Map(),
): string[] {
  const wrong: string[] = []
  for (const row of expected) {
    const { regioncode: code, city, country, writtenMicros: sent } = row
    const same = found.filter(({ regioncode }) => regioncode === code)
    const [only] = same
    if (!only) wrong.push(`Row ${code} is missing.`)
    else if (same.length > 1) wrong.push(`Row ${code} is there ${same.length} times.`)
    else if (only.city !== city || only.country !== country) {
      wrong.push(`Row ${code} should be ${city}, ${country} and is ${only.city}, ${only.country}.`)
    } else {
      const is = only.writtenMicros
      const latest = Math.max(sent, latestMicros.get(code) ?? sent)
      if (is === undefined) wrong.push(`Row ${code} is of no write, and not of ${sent}.`)
      else if (is < sent) {
        wrong.push(`Row ${code} is that of ${is}, an earlier write than ${sent}.`)
      } else if (is > latest) {
        wrong.push(`Row ${code} is that of ${is}, which nobody wrote here after ${latest}.`)
      }
    }
  }
  const codes = new Set(expected.map(({ regioncode }) => regioncode))
  for (const { regioncode } of found) {
    if (!codes.has(regioncode)) wrong.push(`Row ${regioncode} was never asked for.`)
  }
  return wrong
}

const SELECT =
  `SELECT regioncode, city, country, WRITETIME(city) AS written FROM ${KEYSPACE}.${TABLE} ` +
  'WHERE regioncode = ?'

function regionOf(row: Readonly<Record<string, unknown>>): FoundRegion {
  // The driver has a class of its own for 64-bit integers; microseconds are safe as a number.
  const written = Number(String(row['written']))
  return {
    regioncode: String(row['regioncode']),
    city: String(row['city']),
    country: String(row['country']),
    writtenMicros: Number.isSafeInteger(written) && written > 0 ? written : undefined,
  }
}
