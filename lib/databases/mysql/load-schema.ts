/** Database of what the clients' workloads write. */
export const LOAD_DATABASE = 'zonefall'

const table = (columns: string): string =>
  `CREATE TABLE IF NOT EXISTS ${LOAD_DATABASE}.${columns} ENGINE = InnoDB`

/**
 * What makes the tables of the workloads: sets of unique ids, registers with the time of their last
 * write, by which writes are ordered in whatever order they arrive, and banks with their ledgers.
 */
export const LOAD_SCHEMA: readonly string[] = [
  `CREATE DATABASE IF NOT EXISTS ${LOAD_DATABASE}`,
  table('sets (name VARCHAR(64), id VARCHAR(64), PRIMARY KEY (name, id))'),
  table(
    'registers (name VARCHAR(64) PRIMARY KEY, value VARCHAR(64) NOT NULL, written BIGINT NOT NULL)',
  ),
  table(
    'accounts (bank VARCHAR(64), account VARCHAR(64), opening INT NOT NULL, ' +
      'balance INT NOT NULL, PRIMARY KEY (bank, account))',
  ),
  table(
    'ledger (bank VARCHAR(64), id VARCHAR(64), payer VARCHAR(64) NOT NULL, ' +
      'payee VARCHAR(64) NOT NULL, amount INT NOT NULL, PRIMARY KEY (bank, id))',
  ),
]

/** Opens the accounts of a bank, with as much in each. */
export function openBank(
  bank: string,
  accounts: readonly string[],
  opening: number,
): { readonly statement: string; readonly parameters: readonly (string | number)[] } {
  return {
    statement:
      `INSERT INTO ${LOAD_DATABASE}.accounts (bank, account, opening, balance) VALUES ` +
      accounts.map(() => '(?, ?, ?, ?)').join(', '),
    parameters: accounts.flatMap((account) => [bank, account, opening, opening]),
  }
}
