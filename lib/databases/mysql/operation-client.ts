import { z } from 'zod'
import type { FoundValue, OperationAnswer, PlannedOperation } from '../../model/operation.ts'
import { loginFiles, readLoginFiles } from '../login-files.ts'
import { LOAD_DATABASE } from './load-schema.ts'
import { type Attempt, OperationWorkers } from './operation-workers.ts'
import { transfer } from './transfer.ts'

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
 * Of one zone. A server that waits for a replica before it commits goes on with what its clients have
 * given up, and keeps their connections for that: for ten seconds by default, in which three zones
 * give up twice as many as they have open. All together stays below the 151 connections of a server.
 */
const MAX_TO_PRIMARY = 12
/** Half of the servers may be silent, and the others are to serve the rest all the same. */
const MAX_TO_REPLICAS = 32

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
    this.#latest = new OperationWorkers(
      { host: writesTo, port, login },
      { deadlineMs, maxConnections: MAX_TO_PRIMARY },
    )
    this.#lagging = new OperationWorkers(
      { host: readsFrom, port, login },
      { deadlineMs, maxConnections: MAX_TO_REPLICAS },
    )
  }

  /** Connects ahead of the first operation; each operation tries again if this fails. */
  async connect(): Promise<void> {
    await Promise.all([this.#latest.connect(), this.#lagging.connect()])
  }

  /** Does one operation and says how it ended; never throws. */
  async run(operation: PlannedOperation): Promise<OperationAnswer> {
    const { kind, latest } = operation
    const workers = kind.startsWith('read') && latest !== true ? this.#lagging : this.#latest
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
  const { key, value = '', timestampMicros = 0 } = operation
  switch (operation.kind) {
    case 'insert':
      return write(attempt, INSERT, [key, value])
    case 'write':
      return write(attempt, WRITE, [key, value, timestampMicros])
    case 'transfer':
      return transfer(attempt, operation)
    case 'read-set':
      return read(attempt, `SELECT id AS value FROM ${LOAD_DATABASE}.sets WHERE name = ?`, key)
    case 'read':
      return read(attempt, READ, key)
    case 'read-bank':
      return read(attempt, READ_BANK, key)
    case 'read-ledger':
      return read(attempt, `SELECT id AS value FROM ${LOAD_DATABASE}.ledger WHERE bank = ?`, key)
  }
}

/** One statement, which is a transaction of its own. */
async function write(
  { connection, mayHappen }: Attempt,
  statement: string,
  parameters: readonly (string | number)[],
): Promise<OperationAnswer> {
  mayHappen()
  await connection.query(statement, parameters)
  return { outcome: 'ok' }
}

async function read(
  { connection, mayHappen }: Attempt,
  statement: string,
  key: string,
): Promise<OperationAnswer> {
  mayHappen()
  const rows = await connection.query(statement, [key])
  return { outcome: 'ok', found: rows.map((row) => foundIn(row)) }
}

function foundIn(row: Readonly<Record<string, unknown>>): FoundValue {
  const { written, balance, booked } = row
  return {
    value: String(row['value']),
    ...(written === undefined ? {} : { writtenMicros: Number(written) }),
    ...(balance === undefined ? {} : { balance: Number(balance) }),
    ...(booked === undefined ? {} : { booked: Number(booked) }),
  }
}

const INSERT = `INSERT INTO ${LOAD_DATABASE}.sets (name, id) VALUES (?, ?)`

/** The newest write by its timestamp stays. The columns are assigned in this order, as MySQL does. */
const WRITE =
  `INSERT INTO ${LOAD_DATABASE}.registers (name, value, written) VALUES (?, ?, ?) ` +
  'ON DUPLICATE KEY UPDATE value = IF(VALUES(written) > written, VALUES(value), value), ' +
  'written = GREATEST(written, VALUES(written))'

const READ = `SELECT value, written FROM ${LOAD_DATABASE}.registers WHERE name = ?`

/** One statement, so that all of it is of one snapshot. */
const READ_BANK =
  'SELECT a.account AS value, a.balance, ' +
  'COALESCE(SUM(IF(l.payee = a.account, l.amount, -l.amount)), 0) AS booked ' +
  `FROM ${LOAD_DATABASE}.accounts a LEFT JOIN ${LOAD_DATABASE}.ledger l ` +
  'ON l.bank = a.bank AND (l.payee = a.account OR l.payer = a.account) ' +
  'WHERE a.bank = ? GROUP BY a.account, a.balance'
