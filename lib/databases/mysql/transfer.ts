import type { OperationAnswer, PlannedOperation } from '../../model/operation.ts'
import { LOAD_DATABASE } from './load-schema.ts'
import { codeOf } from './operation-outcome.ts'
import type { Attempt } from './operation-workers.ts'

const LOCK =
  `SELECT account, balance FROM ${LOAD_DATABASE}.accounts ` +
  'WHERE bank = ? AND account IN (?, ?) ORDER BY account FOR UPDATE'
const SET = `UPDATE ${LOAD_DATABASE}.accounts SET balance = ? WHERE bank = ? AND account = ?`
const BOOK = `INSERT INTO ${LOAD_DATABASE}.ledger (bank, id, payer, payee, amount) VALUES (?, ?, ?, ?, ?)`

/**
 * Moves money as an application does that reads, reckons and writes: what it read must stay so until
 * its commit, or an update is lost. The server rolls back whatever it was not asked to commit, also
 * when the connection goes.
 */
export async function transfer(
  { connection, mayHappen }: Attempt,
  { key: bank, value: id = '', transfer: wish }: PlannedOperation,
): Promise<OperationAnswer> {
  if (wish === undefined) return { outcome: 'fail', error: 'no transfer' }
  const { from, to, amount } = wish
  await connection.query('START TRANSACTION', [])
  const rows = await connection.query(LOCK, [bank, from, to])
  const balances = new Map(rows.map((row) => [String(row['account']), Number(row['balance'])]))
  const [payer, payee] = [balances.get(from), balances.get(to)]
  if (payer === undefined || payee === undefined) {
    await connection.query('ROLLBACK', [])
    return { outcome: 'fail', error: 'no such account' }
  }
  const moved = Math.min(payer, amount)
  await connection.query(SET, [payer - moved, bank, from])
  await connection.query(SET, [payee + moved, bank, to])
  await connection.query(BOOK, [bank, id, from, to, moved])
  mayHappen()
  try {
    await connection.query('COMMIT', [])
  } catch (error) {
    // Whatever the server says of a commit that failed: it may have done what it couldn't say.
    connection.destroy()
    return { outcome: 'info', error: codeOf(error) }
  }
  return { outcome: 'ok' }
}
