import { LOAD_DATABASE } from './load-schema.ts'
import type { PodConnection } from './pod-connection.ts'

/** The ids that a server itself has of a set of the clients. @throws SqlError */
export async function readSetOnServer(
  server: PodConnection,
  name: string,
): Promise<ReadonlySet<string>> {
  const rows = await server.query(`SELECT id FROM ${LOAD_DATABASE}.sets WHERE name = ?`, [name])
  return new Set(rows.map((row) => String(row['id'])))
}
