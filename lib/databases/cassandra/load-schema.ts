/** Keyspace of what the clients' workloads write. */
export const LOAD_KEYSPACE = 'zonefall'

/**
 * What makes the tables of the workloads: sets of unique ids, and registers. A row is one id, so
 * that inserting it twice can't make two of it; the column beside it carries the time of the write.
 *
 * @param replication see replication.ts
 * @param tableOptions see `checkableOptions`: what would hide a difference between replicas is off
 */
export function loadSchema(replication: string, tableOptions: string): readonly string[] {
  const table = (columns: string): string =>
    `CREATE TABLE IF NOT EXISTS ${LOAD_KEYSPACE}.${columns} WITH ${tableOptions}`
  return [
    `CREATE KEYSPACE IF NOT EXISTS ${LOAD_KEYSPACE} WITH REPLICATION = ${replication}`,
    table('sets (name text, id text, inserted text, PRIMARY KEY (name, id))'),
    table('registers (name text PRIMARY KEY, value text)'),
  ]
}
