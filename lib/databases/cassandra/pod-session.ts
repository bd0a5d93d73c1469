import cassandra from 'cassandra-driver'
import type { Client, Host, QueryOptions } from 'cassandra-driver'
import { InconclusiveError } from '../../model/errors.ts'
import type { Cluster } from '../../kube/cluster.ts'
import { PodPortForward } from '../../kube/port-forward.ts'
import { poll, WaitTimeoutError } from '../../std/poll.ts'
import type { DatabaseLogin } from '../login.ts'
import { isCertificateTrouble, loginRefused } from '../login-trouble.ts'
import { driverLogin } from './driver-login.ts'

/** Consistency levels that scenarios use. */
export type Consistency = 'ONE' | 'QUORUM' | 'ALL'

/** Protocol error codes of a request that certainly, or possibly, did not happen; native_protocol_v4.spec. */
const UNAVAILABLE = 0x1000
const WRITE_TIMEOUT = 0x1100
const READ_TIMEOUT = 0x1200

/** Longer than the server's own 10 s for slow requests, so that its answer is heard. */
const READ_TIMEOUT_MS = 12_000
const RECONNECT_MS = 250

/**
 * How a request ended that did not succeed. Only `unavailable` says for certain that the database
 * refused it for want of replicas; `timeout` is the coordinator's own word that replicas did not
 * answer it in time; of all others nobody knows what became of them.
 */
export type Refusal = 'unavailable' | 'timeout' | 'no-answer' | 'connection' | 'other'

/** A port of this machine whose connections end at a node. */
export interface LocalForward extends AsyncDisposable {
  readonly localPort: number
  /** Why the last connection ended that did not end well. */
  readonly lastError?: string | undefined
}

export type Row = Readonly<Record<string, unknown>>

export interface CqlAnswer {
  readonly rows: readonly Row[]
  readonly traceId: string | undefined
}

/**
 * CQL with one pod's node and no other: every request goes to this coordinator, fails if it fails,
 * and is never retried or sent twice, so that what is seen is what the database did.
 */
export class PodSession implements AsyncDisposable {
  readonly pod: string
  readonly uid: string
  readonly #forward: LocalForward
  readonly #client: Client

  /**
   * Connects by way of the API server, again and again within the budget `cqlConnect`: a database that
   * is just up may not know its users yet.
   *
   * @throws InconclusiveError when no connection comes about
   */
  static async open(
    cluster: Cluster,
    target: { namespace: string; pod: string; uid: string; port: number },
    login: DatabaseLogin = {},
  ): Promise<PodSession> {
    return PodSession.openThrough(() => PodPortForward.open(cluster, target), target, login)
  }

  /** As `open`, by another way than the API server's, for a node that is in no pod. */
  static async openThrough(
    openForward: () => Promise<LocalForward>,
    target: { pod: string; uid: string },
    login: DatabaseLogin = {},
  ): Promise<PodSession> {
    let forward: LocalForward | undefined
    let lastClient: Client | undefined
    let lastError: unknown
    try {
      return await poll(
        { what: `CQL with pod ${target.pod}`, budget: 'cqlConnect', intervalMs: RECONNECT_MS },
        async () => {
          const opened = (forward ??= await openForward())
          const client = pinnedClient(opened.localPort, login)
          lastClient = client
          try {
            await client.connect()
            return { done: true, value: new PodSession(target, opened, client) }
          } catch (error) {
            await client.shutdown()
            lastError = error
            return { done: false, seen: opened.lastError ?? explainDriverError(error) }
          }
        },
      )
    } catch (error) {
      await lastClient?.shutdown()
      await forward?.[Symbol.asyncDispose]()
      if (!(error instanceof WaitTimeoutError)) throw error
      const refused = refusedLogin(target.pod, lastError, error)
      if (refused) throw refused
      throw new InconclusiveError(`There is no CQL connection to pod ${target.pod}.`, {
        cause: error,
        hint: 'Does the pod listen on its port, with TLS if databases.cassandra.tls is set, and may the credentials create pods/portforward?',
      })
    }
  }

  private constructor(
    target: { readonly pod: string; readonly uid: string },
    forward: LocalForward,
    client: Client,
  ) {
    this.pod = target.pod
    this.uid = target.uid
    this.#forward = forward
    this.#client = client
  }

  /**
   * Runs one statement.
   *
   * @param options `timestampMicros`: the write's own, so that of two writes the later one wins for
   *   certain; `trace` has the server write down who served it
   * @throws CqlError
   */
  async execute(
    statement: string,
    parameters: readonly unknown[],
    options: {
      readonly consistency: Consistency
      readonly timestampMicros?: number
      readonly trace?: boolean
    },
  ): Promise<CqlAnswer> {
    const { consistency, timestampMicros, trace } = options
    const query: QueryOptions = {
      consistency: cassandra.types.consistencies[LEVELS[consistency]],
      prepare: false,
      ...(timestampMicros === undefined ? {} : { timestamp: timestampMicros }),
      ...(trace === true ? { traceQuery: true } : {}),
    }
    try {
      const result = await this.#client.execute(statement, [...parameters], query)
      const traceId: unknown = result.info.traceId
      return {
        rows: (result.rows ?? []).map((row): Row =>
          Object.fromEntries(row.keys().map((key) => [key, row.get(key) as unknown])),
        ),
        traceId:
          traceId === undefined || traceId === null ? undefined : result.info.traceId.toString(),
      }
    } catch (error) {
      throw new CqlError(this.pod, consistency, error)
    }
  }

  /**
   * The schema's version that this node has and those that it knows of its peers, by address.
   * Peers that have left may still be in it.
   */
  async schemaVersions(): Promise<ReadonlyMap<string, string>> {
    const once = { consistency: 'ONE' } as const
    const local = await this.execute('SELECT schema_version FROM system.local', [], once)
    const peers = await this.execute('SELECT peer, schema_version FROM system.peers', [], once)
    const own = String(local.rows[0]?.['schema_version'])
    return new Map([
      [this.pod, own],
      ...peers.rows.map((row): [string, string] => [
        String(row['peer']),
        String(row['schema_version']),
      ]),
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.shutdown().catch(() => undefined)
    await this.#forward[Symbol.asyncDispose]()
  }
}

const LEVELS = { ONE: 'one', QUORUM: 'quorum', ALL: 'all' } as const

/** A statement that did not succeed; what that says about the claim is for the caller. */
export class CqlError extends InconclusiveError {
  readonly refusal: Refusal

  constructor(pod: string, consistency: Consistency, cause: unknown) {
    super(`A request at ${consistency} through ${pod} failed: ${explainDriverError(cause)}`, {
      cause,
    })
    this.refusal = refusalOf(cause)
  }
}

/** What an error of the driver says about its request. */
export function refusalOf(error: unknown): Refusal {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === UNAVAILABLE) return 'unavailable'
  if (code === WRITE_TIMEOUT || code === READ_TIMEOUT) return 'timeout'
  const name = error instanceof Error ? error.name : ''
  if (name === 'OperationTimedOutError') return 'no-answer'
  if (name === 'NoHostAvailableError' || /socket was closed/i.test(String(error)))
    return 'connection'
  return 'other'
}

function explainDriverError(error: unknown): string {
  const first = firstInnerError(error)
  if (!(error instanceof Error)) return String(error)
  return first instanceof Error ? `${error.message} ${first.message}` : error.message
}

/** Why the only node could not be used. */
function firstInnerError(error: unknown): unknown {
  return error instanceof Error && 'innerErrors' in error
    ? Object.values(Object(error.innerErrors))[0]
    : undefined
}

/** Whether it was for the login that no connection came about. */
function refusedLogin(
  pod: string,
  error: unknown,
  cause: WaitTimeoutError,
): InconclusiveError | undefined {
  const reason = firstInnerError(error) ?? error
  const what =
    reason instanceof cassandra.errors.AuthenticationError
      ? 'credentials'
      : isCertificateTrouble(reason)
        ? 'certificate'
        : undefined
  if (what === undefined) return undefined
  const said = reason instanceof Error ? reason.message : String(reason)
  return loginRefused({ system: 'cassandra', pod }, what, said, cause)
}

/** The driver's types want an error always; the driver takes null for none. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const NO_ERROR = null as unknown as Error

/**
 * Only the node behind the local port is ever used; peers, whose addresses the driver learns from
 * it, can't be reached from here and must not serve anything.
 */
class PinnedPolicy extends cassandra.policies.loadBalancing.LoadBalancingPolicy {
  readonly #endpoint: string
  #hosts: () => Host[] = () => []

  constructor(endpoint: string) {
    super()
    this.#endpoint = endpoint
  }

  override init(_client: Client, hosts: cassandra.HostMap, callback: (error: Error) => void): void {
    this.#hosts = () => hosts.values().filter(({ address }) => address === this.#endpoint)
    callback(NO_ERROR)
  }

  override getDistance(host: Host): cassandra.types.distance {
    const { distance } = cassandra.types
    return host.address === this.#endpoint ? distance.local : distance.ignored
  }

  override newQueryPlan(
    _keyspace: string,
    _options: unknown,
    callback: (error: Error, iterator: Iterator<Host>) => void,
  ): void {
    callback(NO_ERROR, this.#hosts()[Symbol.iterator]())
  }
}

function pinnedClient(localPort: number, login: DatabaseLogin): Client {
  const endpoint = `127.0.0.1:${localPort}`
  const { policies, types } = cassandra
  return new cassandra.Client({
    contactPoints: [endpoint],
    policies: {
      loadBalancing: new PinnedPolicy(endpoint),
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      retry: new policies.retry.FallthroughRetryPolicy(),
      speculativeExecution: new policies.speculativeExecution.NoSpeculativeExecutionPolicy(),
    },
    pooling: { coreConnectionsPerHost: { [types.distance.local]: 1 } },
    protocolOptions: { maxVersion: types.protocolVersion.v4, maxSchemaAgreementWaitSeconds: 20 },
    socketOptions: { connectTimeout: 10_000, readTimeout: READ_TIMEOUT_MS },
    queryOptions: { prepare: false },
    isMetadataSyncEnabled: false,
    ...driverLogin(login),
  })
}
