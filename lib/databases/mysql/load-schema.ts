/** Database of what the clients' workloads write. */
export const LOAD_DATABASE = 'zonefall'

const table = (columns: string): string =>
  `CREATE TABLE IF NOT EXISTS ${LOAD_DATABASE}.${columns} ENGINE = InnoDB`

/**
 * What makes the tables of the workloads: sets of unique ids, and registers with the time of their
 * last write, by which writes are ordered in whatever order they arrive.
 */
export const LOAD_SCHEMA: readonly string[] = [
  `CREATE DATABASE IF NOT EXISTS ${LOAD_DATABASE}`,
  table('sets (name VARCHAR(64), id VARCHAR(64), PRIMARY KEY (name, id))'),
  table(
    'registers (name VARCHAR(64) PRIMARY KEY, value VARCHAR(64) NOT NULL, written BIGINT NOT NULL)',
  ),
]
