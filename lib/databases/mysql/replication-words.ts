/** The statements and columns of replication, which MySQL 8 has given other words. */
export interface ReplicationWords {
  /** In `STOP … IO_THREAD`, `SHOW … STATUS` and columns: `SLAVE`, `REPLICA`. */
  readonly replica: 'SLAVE' | 'REPLICA'
  /** In columns: `Master_Host`, `Source_Host`. */
  readonly source: 'Master' | 'Source'
  /** Waits in the replica for a place in the primary's log. */
  readonly wait: 'MASTER_POS_WAIT' | 'SOURCE_POS_WAIT'
  /** Tells where the server's own log ends. */
  readonly showLog: 'SHOW MASTER STATUS' | 'SHOW BINARY LOG STATUS'
}

/**
 * The words that a server takes, by what it calls its version: those of 5.7 as long as it knows
 * them. SHOW REPLICA STATUS is there from 8.0.22 and SOURCE_POS_WAIT from 8.0.26; 8.2 has SHOW BINARY
 * LOG STATUS, and 8.4 none of the old ones (Reference Manual, 1.4 and 15.7.7.1).
 */
export function replicationWords(version: string): ReplicationWords {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/, 3).map(Number)
  const number = major * 10_000 + minor * 100 + patch
  const isNew = number >= 80_026
  return {
    replica: isNew ? 'REPLICA' : 'SLAVE',
    source: isNew ? 'Source' : 'Master',
    wait: isNew ? 'SOURCE_POS_WAIT' : 'MASTER_POS_WAIT',
    showLog: number >= 80_200 ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS',
  }
}
