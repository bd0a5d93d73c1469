import { z } from 'zod'
import type { OperationAnswer, PlannedOperation } from '../../model/operation.ts'
import { loginFiles, readLoginFiles } from '../login-files.ts'
import { LOAD_DATABASE } from './load-schema.ts'
import { type Attempt, OperationWorkers } from './operation-workers.ts'

/** How clients reach the database. */
export const mysqlAccess = z.object({
  /** Name or address of the server that takes writes; reads of the latest go there too. */
  writesTo: z.string(),
  /** Of a Service of servers that may lag: the other reads go there. */
  readsFrom: z.string(),
  port: z.int(),
  /** How long an operation may take, from its sending, connection included. */
  deadlineMs: z.number().positive(),
  /** What the database wants to see of its clients; absent: root without a password. */
  login: loginFiles.exactOptional(),
})
export type MySqlAccess = z.infer<typeof mysqlAccess>

/** The deadline of an operation, unless a load wants another. */
export const OPERATION_DEADLINE_MS = 5000

/**
 * Runs the operations of workloads as an application would, and hides nothing: no pool and no retry,
 * an operation is sent once or not at all, on a connection that no other operation uses meanwhile,
 * and fails when it fails. Who served it is in `coordinator`: the server's id by its own word.
 */
export class MySqlOperationClient {
  readonly #latest: OperationWorkers
  readonly #lagging: OperationWorkers

  constructor({ writesTo, readsFrom, port, deadlineMs, login: files }: MySqlAccess) {
    const login = files === undefined ? {} : readLoginFiles(files)
    this.#latest = new OperationWorkers({ host: writesTo, port, login }, deadlineMs)
    this.#lagging = new OperationWorkers({ host: readsFrom, port, login }, deadlineMs)
  }

  /** Connects ahead of the first operation; each operation tries again if this fails. */
  async connect(): Promise<void> {
    await Promise.all([this.#latest.connect(), this.#lagging.connect()])
  }

  /** Does one operation and says how it ended; never throws. */
  async run(operation: PlannedOperation): Promise<OperationAnswer> {
    const { kind, latest } = operation
    const isRead = kind === 'read' || kind === 'read-set'
    const workers = isRead && latest !== true ? this.#lagging : this.#latest
    return workers.run((attempt) => send(attempt, operation))
  }

  async close(): Promise<void> {
    this.#latest.close()
    this.#lagging.close()
    return Promise.resolve()
  }
}

// oxlint-disable-next-line typescript/consistent-return -- the cases are all there are
async function send(attempt: Attempt, operation: PlannedOperation): Promise<OperationAnswer> {
  const { connection } = attempt
  const { kind, key, value = '', timestampMicros = 0 } = operation
  attempt.mayHappen()
  switch (kind) {
    case 'insert':
      await connection.query(`INSERT INTO ${LOAD_DATABASE}.sets (name, id) VALUES (?, ?)`, [
        key,
        value,
      ])
      return { outcome: 'ok' }
    case 'write':
      await connection.query(WRITE, [key, value, timestampMicros])
      return { outcome: 'ok' }
    case 'read-set': {
      const rows = await connection.query(`SELECT id FROM ${LOAD_DATABASE}.sets WHERE name = ?`, [
        key,
      ])
      return { outcome: 'ok', found: rows.map((row) => ({ value: String(row['id']) })) }
    }
    case 'read': {
      const rows = await connection.query(
        `SELECT value, written FROM ${LOAD_DATABASE}.registers WHERE name = ?`,
        [key],
      )
      const found = rows.map((row) => ({
        value: String(row['value']),
        writtenMicros: Number(row['written']),
      }))
      return { outcome: 'ok', found }
    }
  }
}

/** The newest write by its timestamp stays. The columns are assigned in this order, as MySQL does. */
const WRITE =
  `INSERT INTO ${LOAD_DATABASE}.registers (name, value, written) VALUES (?, ?, ?) ` +
  'ON DUPLICATE KEY UPDATE value = IF(VALUES(written) > written, VALUES(value), value), ' +
  'written = GREATEST(written, VALUES(written))'
