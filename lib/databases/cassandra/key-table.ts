import { LOAD_KEYSPACE } from './load-schema.ts'
import type { Consistency, PodSession } from './pod-session.ts'

/** Keyspace and table of many small rows, each a partition of its own: what a lost zone costs them. */
export const KEY_TABLE = 'keys'

/**
 * What makes the table.
 *
 * @param replication see replication.ts
 * @param tableOptions see `checkableOptions`
 */
export function keySchema(replication: string, tableOptions: string): readonly string[] {
  return [
    `CREATE KEYSPACE IF NOT EXISTS ${LOAD_KEYSPACE} WITH REPLICATION = ${replication}`,
    `CREATE TABLE IF NOT EXISTS ${LOAD_KEYSPACE}.${KEY_TABLE} ` +
      `(key text PRIMARY KEY, value text) WITH ${tableOptions}`,
  ]
}

/** Writes a row; acknowledged when this returns. */
export async function writeKey(
  session: PodSession,
  row: { readonly key: string; readonly value: string },
  options: { readonly consistency: Consistency; readonly timestampMicros: number },
): Promise<void> {
  await session.execute(
    `INSERT INTO ${LOAD_KEYSPACE}.${KEY_TABLE} (key, value) VALUES (?, ?)`,
    [row.key, row.value],
    options,
  )
}

/** Reads a row's value; undefined where there is none. */
export async function readKey(
  session: PodSession,
  key: string,
  consistency: Consistency,
): Promise<string | undefined> {
  const { rows } = await session.execute(
    `SELECT value FROM ${LOAD_KEYSPACE}.${KEY_TABLE} WHERE key = ?`,
    [key],
    { consistency },
  )
  const [row] = rows
  return row === undefined ? undefined : String(row['value'])
}

/** Where on the ring a row is, by the partitioner's own word. */
export async function readToken(session: PodSession, key: string): Promise<bigint | undefined> {
  const { rows } = await session.execute(
    `SELECT token(key) AS place FROM ${LOAD_KEYSPACE}.${KEY_TABLE} WHERE key = ?`,
    [key],
    { consistency: 'QUORUM' },
  )
  const [row] = rows
  return row === undefined ? undefined : BigInt(String(row['place']))
}
