import type { Consistency, PodSession } from './pod-session.ts'
import { readOnReplica, type ReplicaRead } from './replica-read.ts'

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

/**
 * What makes keyspace and table. Beside what the tutorial makes, everything is turned off by which a
 * read at ONE could be answered by another replica, or mend the very difference that it is looking
 * for: speculative retry, and in 3.11 both chances of a read repair. Blocking read repair at QUORUM
 * is part of what is claimed, and stays.
 *
 * @param replication see replication.ts
 * @param tableOptions see `checkableOptions`
 */
export function regionSchema(replication: string, tableOptions: string): readonly string[] {
  return [
    `CREATE KEYSPACE IF NOT EXISTS ${KEYSPACE} WITH REPLICATION = ${replication}`,
    `CREATE TABLE IF NOT EXISTS ${KEYSPACE}.${TABLE} ` +
      '(regionCode text PRIMARY KEY, city text, country text)',
    `ALTER TABLE ${KEYSPACE}.${TABLE} WITH ${tableOptions}`,
  ]
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
export interface ReplicaRegion extends Pick<ReplicaRead, 'traceId' | 'asked'> {
  readonly region: FoundRegion | undefined
}

/** Reads a row from one replica's own storage; see `readOnReplica`. */
export async function readRegionOnReplica(
  session: PodSession,
  address: string,
  code: string,
): Promise<ReplicaRegion | undefined> {
  const read = await readOnReplica(session, address, SELECT, [code])
  if (!read) return undefined
  const { traceId, asked } = read
  const [row] = read.rows
  return { region: row === undefined ? undefined : regionOf(row), traceId, asked }
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
