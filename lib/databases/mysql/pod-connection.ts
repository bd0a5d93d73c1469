import { connect } from 'node:net'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { Cluster } from '../../kube/cluster.ts'
import { PodPortForward } from '../../kube/port-forward.ts'
import { InconclusiveError } from '../../model/errors.ts'
import { budgetMs } from '../../std/budgets.ts'
import { poll, within, WaitTimeoutError } from '../../std/poll.ts'
import type { DatabaseLogin } from '../login.ts'
import { connectionLogin, refusedLogin } from './connection-login.ts'
import { failureOfError, type SqlFailure } from './sql-failure.ts'

const RECONNECT_MS = 250

export type SqlRow = Readonly<Record<string, unknown>>

/**
 * SQL with one pod's server and no other, on one connection that nobody else uses. Each statement has
 * a deadline; after any doubt about the connection it is thrown away, never used again: what a late
 * answer belongs to nobody could tell.
 */
export class PodConnection implements AsyncDisposable {
  readonly pod: string
  readonly uid: string
  readonly #forward: PodPortForward
  readonly #connection: Connection
  #isDestroyed = false

  /**
   * Connects by way of the API server, again and again within the budget `sqlConnect`.
   *
   * @throws InconclusiveError when no connection comes about
   */
  static async open(
    cluster: Cluster,
    target: { namespace: string; pod: string; uid: string; port: number },
    login: DatabaseLogin = {},
  ): Promise<PodConnection> {
    let lastError: unknown
    const forward = await PodPortForward.open(cluster, target)
    try {
      return await poll(
        { what: `SQL with pod ${target.pod}`, budget: 'sqlConnect', intervalMs: RECONNECT_MS },
        async () => {
          try {
            const connection = await createConnection({
              ...connectionLogin(login),
              stream: () => connect(forward.localPort, '127.0.0.1'),
              connectTimeout: budgetMs('apiReachable'),
              dateStrings: true,
              supportBigNumbers: true,
            })
            return { done: true, value: new PodConnection(target, forward, connection) }
          } catch (error) {
            lastError = error
            return { done: false, seen: forward.lastError ?? explain(error) }
          }
        },
      )
    } catch (error) {
      await forward[Symbol.asyncDispose]()
      if (!(error instanceof WaitTimeoutError)) throw error
      const refused = refusedLogin(target.pod, lastError, error)
      if (refused) throw refused
      throw new InconclusiveError(`There is no SQL connection to pod ${target.pod}.`, {
        cause: error,
        hint: 'Does the pod listen on its port, and may the credentials create pods/portforward?',
      })
    }
  }

  private constructor(
    target: { readonly pod: string; readonly uid: string },
    forward: PodPortForward,
    connection: Connection,
  ) {
    this.pod = target.pod
    this.uid = target.uid
    this.#forward = forward
    this.#connection = connection
    // Without a listener an error between two statements would end the process.
    connection.on('error', () => this.destroy())
  }

  /** Whether it is of no use any more. */
  get isDestroyed(): boolean {
    return this.#isDestroyed
  }

  /**
   * Runs one statement, within the budget `sqlQuery` unless said otherwise.
   *
   * @returns its rows; none of a statement that has no result
   * @throws SqlError
   */
  async query(
    statement: string,
    parameters: readonly (string | number | null)[] = [],
    timeoutMs = budgetMs('sqlQuery'),
  ): Promise<readonly SqlRow[]> {
    if (this.#isDestroyed) throw new SqlError(this.pod, 'connection', 'the connection was given up')
    try {
      const [rows] = await within(
        { what: `the answer of ${this.pod}`, budget: 'sqlQuery', budgetMs: timeoutMs },
        () => this.#connection.query<RowDataPacket[]>(statement, [...parameters]),
      )
      return Array.isArray(rows) ? rows : []
    } catch (error) {
      const failure = error instanceof WaitTimeoutError ? 'no-answer' : failureOfError(error)
      if (failure === 'no-answer' || failure === 'connection') this.destroy()
      throw new SqlError(this.pod, failure, explain(error), error)
    }
  }

  /** Ends it at once, without a farewell that a dead server would never answer. */
  destroy(): void {
    this.#isDestroyed = true
    this.#connection.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy()
    await this.#forward[Symbol.asyncDispose]()
  }
}

/** A statement that did not succeed; what that says about the claim is for the caller. */
export class SqlError extends InconclusiveError {
  readonly failure: SqlFailure

  constructor(pod: string, failure: SqlFailure, said: string, cause?: unknown) {
    super(`A statement through ${pod} failed: ${said}`, cause === undefined ? undefined : { cause })
    this.failure = failure
  }
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
