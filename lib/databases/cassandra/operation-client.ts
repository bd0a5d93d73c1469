import cassandra from 'cassandra-driver'
import type { Client, QueryOptions } from 'cassandra-driver'
import { z } from 'zod'
import type { FoundValue, OperationAnswer, PlannedOperation } from '../../model/operation.ts'
import { failureOf } from './operation-outcome.ts'
import { loginFiles, readLoginFiles } from '../login-files.ts'
import { driverLogin } from './driver-login.ts'
import { LOAD_KEYSPACE } from './load-schema.ts'

/** How clients reach the database, and what they ask of it. */
export const cassandraAccess = z.object({
  /** Names or addresses that lead to the nodes: the CQL Service's. */
  contactPoints: z.array(z.string()).min(1).readonly(),
  port: z.int(),
  /** That all nodes are in; operations go to each in turn, whatever its zone. */
  datacenter: z.string(),
  consistency: z.enum(['ONE', 'QUORUM', 'ALL']),
  /** What the database wants to see of its clients; absent: nothing. */
  login: loginFiles.exactOptional(),
})
export type CassandraAccess = z.infer<typeof cassandraAccess>

const RECONNECT_MS = 250
/** A node that is there answers at once; one that is not must not hold an operation up for long. */
export const CONNECT_TIMEOUT_MS = 5000
/** Longer than the server's own 5 s for reads and 2 s for writes, so that its answer is heard. */
export const READ_TIMEOUT_MS = 6000
const LEVELS = { ONE: 'one', QUORUM: 'quorum', ALL: 'all' } as const

/**
 * Runs the operations of workloads as an application would: one driver for the whole database, each
 * node in turn. Only that it hides nothing: a request is sent once or not at all, and fails when it
 * fails.
 */
export class CassandraOperationClient {
  readonly #client: Client
  readonly #consistency: number
  #lastMicros = 0

  /** @param options `readTimeoutMs`: how long an answer is waited for */
  constructor(access: CassandraAccess, options: { readonly readTimeoutMs?: number } = {}) {
    this.#consistency = cassandra.types.consistencies[LEVELS[access.consistency]]
    this.#client = new cassandra.Client(
      driverOptions(access, options.readTimeoutMs ?? READ_TIMEOUT_MS),
    )
  }

  /** Connects ahead of the first operation; each operation tries again if this fails. */
  async connect(): Promise<void> {
    await this.#client.connect()
  }

  /** Does one operation and says how it ended; never throws. */
  async run(operation: PlannedOperation): Promise<OperationAnswer> {
    try {
      await this.#client.connect()
    } catch (error) {
      // Without a connection nothing was sent, whatever the reason.
      return { outcome: 'fail', error: failureOf(error).error }
    }
    try {
      return await this.#send(operation)
    } catch (error) {
      const coordinator = coordinatorOf(error)
      return { ...failureOf(error), ...(coordinator === undefined ? {} : { coordinator }) }
    }
  }

  async close(): Promise<void> {
    await this.#client.shutdown().catch(() => undefined)
  }

  // oxlint-disable-next-line typescript/consistent-return -- the cases are all there are
  async #send(operation: PlannedOperation): Promise<OperationAnswer> {
    switch (operation.kind) {
      case 'transfer':
      case 'read-bank':
      case 'read-ledger':
        return { outcome: 'fail', error: 'no transactions' }
      case 'insert':
        return this.#write(
          `INSERT INTO ${LOAD_KEYSPACE}.sets (name, id, inserted) VALUES (?, ?, 'yes')`,
          operation,
        )
      case 'write':
        return this.#write(
          `INSERT INTO ${LOAD_KEYSPACE}.registers (name, value) VALUES (?, ?)`,
          operation,
        )
      case 'read-set':
        return this.#read(
          `SELECT id AS value, WRITETIME(inserted) AS at FROM ${LOAD_KEYSPACE}.sets WHERE name = ?`,
          operation,
        )
      case 'read':
        return this.#read(
          `SELECT value, WRITETIME(value) AS at FROM ${LOAD_KEYSPACE}.registers WHERE name = ?`,
          operation,
        )
    }
  }

  async #write(statement: string, operation: PlannedOperation): Promise<OperationAnswer> {
    const timestamp = operation.timestampMicros ?? this.#nextMicros()
    const { info } = await this.#client.execute(statement, [operation.key, operation.value], {
      ...this.#options(),
      timestamp,
    })
    return { outcome: 'ok', coordinator: info.queriedHost }
  }

  /** Reads a partition, page by page: the read is `ok` when each page was. */
  async #read(statement: string, { key }: PlannedOperation): Promise<OperationAnswer> {
    const found: FoundValue[] = []
    let coordinator = ''
    let pageState: string | undefined
    do {
      const result = await this.#client.execute(statement, [key], {
        ...this.#options(),
        ...(pageState === undefined ? {} : { pageState }),
      })
      coordinator = result.info.queriedHost
      for (const row of result.rows) {
        const at: unknown = row.get('at')
        const value = String(row.get('value'))
        found.push(at === null ? { value } : { value, writtenMicros: Number(at) })
      }
      pageState = result.pageState
    } while (pageState !== undefined && pageState !== null)
    return { outcome: 'ok', found, coordinator }
  }

  #options(): QueryOptions {
    return { consistency: this.#consistency, prepare: false, isIdempotent: false }
  }

  /** Ids are unique and never deleted, so that their timestamps need only be near the truth. */
  #nextMicros(): number {
    this.#lastMicros = Math.max(this.#lastMicros + 1, Date.now() * 1000)
    return this.#lastMicros
  }
}

function driverOptions(access: CassandraAccess, readTimeout: number) {
  const { contactPoints, port, datacenter, login } = access
  const { policies, types } = cassandra
  return {
    contactPoints: [...contactPoints],
    localDataCenter: datacenter,
    policies: {
      loadBalancing: new policies.loadBalancing.DCAwareRoundRobinPolicy(datacenter),
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      retry: new policies.retry.FallthroughRetryPolicy(),
      speculativeExecution: new policies.speculativeExecution.NoSpeculativeExecutionPolicy(),
    },
    protocolOptions: { port, maxVersion: types.protocolVersion.v4 },
    socketOptions: { connectTimeout: CONNECT_TIMEOUT_MS, readTimeout },
    queryOptions: { prepare: false, isIdempotent: false },
    isMetadataSyncEnabled: false,
    monitorReporting: { enabled: false },
    ...driverLogin(login === undefined ? {} : readLoginFiles(login)),
  }
}

/** The node that a failed request went to, where the driver says so. */
function coordinatorOf(error: unknown): string | undefined {
  return error instanceof Error && 'coordinator' in error && typeof error.coordinator === 'string'
    ? error.coordinator
    : undefined
}
