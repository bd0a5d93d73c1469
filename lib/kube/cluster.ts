import { readFile } from 'node:fs/promises'
import {
  ApiException,
  ApisApi,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  createConfiguration,
  type Configuration,
  CoordinationV1Api,
  DiscoveryV1Api,
  KubeConfig,
  KubernetesObjectApi,
  type Middleware,
  NetworkingV1Api,
  PolicyV1Api,
  type RequestContext,
  ServerConfiguration,
  StorageV1Api,
  VersionApi,
} from '@kubernetes/client-node'
import { PreflightError } from '../model/errors.ts'
import { BUDGETS } from '../std/budgets.ts'
import { envProxy } from './env-proxy.ts'
import { TransientApiError, transientAware } from './transient.ts'

export interface ClusterOptions {
  /** Path of the kubeconfig. */
  readonly kubeconfig: string
  readonly context: string
  /** User to act as, for fewer rights than the kubeconfig's. */
  readonly impersonate?: string
  /** Bound of each call, milliseconds; default `apiCall`. */
  readonly callTimeoutMs?: number
}

/** A cluster's API, as one user sees it: typed clients whose every call has a bound. */
export class Cluster {
  readonly context: string
  /** For exec, watches and port forwarding, which client-node makes from it. */
  readonly kubeconfig: KubeConfig
  readonly core: CoreV1Api
  readonly apps: AppsV1Api
  readonly storage: StorageV1Api
  readonly policy: PolicyV1Api
  readonly coordination: CoordinationV1Api
  readonly discovery: DiscoveryV1Api
  readonly networking: NetworkingV1Api
  readonly auth: AuthorizationV1Api
  readonly groups: ApisApi
  readonly version: VersionApi
  /** For objects of any kind. */
  readonly objects: KubernetesObjectApi

  /**
   * Reads the kubeconfig and makes the clients; calls nothing.
   *
   * @throws PreflightError when the file can't be read or parsed, or lacks the context.
   */
  static async connect(options: ClusterOptions): Promise<Cluster> {
    const kubeconfig = new PooledKubeConfig()
    let text: string
    try {
      text = await readFile(options.kubeconfig, 'utf8')
    } catch (error) {
      throw new PreflightError(`The kubeconfig ${options.kubeconfig} can't be read.`, {
        cause: error,
        hint: 'Name another with --kubeconfig or KUBECONFIG.',
      })
    }
    try {
      kubeconfig.loadFromString(text)
    } catch (error) {
      throw new PreflightError(`The file ${options.kubeconfig} is no kubeconfig.`, {
        cause: error,
        hint: 'Name another with --kubeconfig or KUBECONFIG.',
      })
    }
    const contexts = kubeconfig.getContexts().map((context) => context.name)
    if (!contexts.includes(options.context)) {
      throw new PreflightError(
        `The kubeconfig ${options.kubeconfig} has no context ${options.context}.`,
        { hint: `It has: ${contexts.join(', ') || 'none'}.` },
      )
    }
    kubeconfig.setCurrentContext(options.context)
    useEnvProxy(kubeconfig)
    if (options.impersonate !== undefined) impersonate(kubeconfig, options.impersonate)
    return new Cluster(kubeconfig, options)
  }

  private constructor(kubeconfig: KubeConfig, options: ClusterOptions) {
    const server = kubeconfig.getCurrentCluster()?.server
    if (server === undefined) {
      throw new PreflightError(
        `The context ${options.context} of ${options.kubeconfig} names no cluster that is in it.`,
      )
    }
    const configuration: Configuration = createConfiguration({
      baseServer: new ServerConfiguration(server, {}),
      authMethods: { default: kubeconfig },
      httpApi: transientAware(),
      promiseMiddleware: [boundCalls(options.callTimeoutMs ?? BUDGETS.apiCall)],
    })
    this.context = options.context
    this.kubeconfig = kubeconfig
    this.core = new CoreV1Api(configuration)
    this.apps = new AppsV1Api(configuration)
    this.storage = new StorageV1Api(configuration)
    this.policy = new PolicyV1Api(configuration)
    this.coordination = new CoordinationV1Api(configuration)
    this.discovery = new DiscoveryV1Api(configuration)
    this.networking = new NetworkingV1Api(configuration)
    this.auth = new AuthorizationV1Api(configuration)
    this.groups = new ApisApi(configuration)
    this.version = new VersionApi(configuration)
    this.objects = new KubernetesObjectApi(configuration)
  }
}

/** HTTP status of an API server's refusal; undefined of any other error. */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof TransientApiError) return error.status
  return error instanceof ApiException ? error.code : undefined
}

/**
 * The status by which the API server refused a call for good: it did not happen. Looks at causes
 * too; undefined of time-outs, of 408 and of 5xx, after which it may have happened all the same.
 */
export function refusalOf(error: unknown): number | undefined {
  const status = statusOf(error)
  if (status !== undefined) {
    return status >= 400 && status < 500 && status !== 408 ? status : undefined
  }
  return error instanceof Error && error.cause !== undefined ? refusalOf(error.cause) : undefined
}

/** The answer, or undefined where the API server says that there is no such object. */
export async function orAbsent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw error
  }
}

/** An API error in one line: client-node's own message holds body and headers. */
export function explainApiError(error: unknown): string {
  if (error instanceof ApiException) {
    const message = messageOf(error.body)
    return `the API server answered ${error.code}${message === undefined ? '' : `: ${message}`}`
  }
  if (!(error instanceof Error)) return String(error)
  const said = error.message || ('code' in error ? String(error.code) : error.name)
  return error.cause === undefined ? said : `${said}: ${explainApiError(error.cause)}`
}

/**
 * client-node 2 makes a connection pool per call; this keeps the first, so that polling doesn't do
 * a TLS handshake each time. Tokens travel in headers and stay fresh.
 */
class PooledKubeConfig extends KubeConfig {
  #dispatcher: ReturnType<RequestContext['getDispatcher']>

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context)
    const made = context.getDispatcher()
    this.#dispatcher ??= made
    if (this.#dispatcher) context.setDispatcher(this.#dispatcher)
  }
}

/** client-node knows the kubeconfig's own `proxy-url` alone, where kubectl asks the environment too. */
function useEnvProxy(kubeconfig: KubeConfig): void {
  kubeconfig.clusters = kubeconfig.clusters.map((cluster) => {
    const proxyUrl = cluster.proxyUrl ?? envProxy(cluster.server, process.env)
    return proxyUrl === undefined ? cluster : { ...cluster, proxyUrl }
  })
}

function impersonate(kubeconfig: KubeConfig, user: string): void {
  const current = kubeconfig.getCurrentUser()
  if (!current) return
  kubeconfig.users = kubeconfig.users.map((entry) =>
    entry.name === current.name ? { ...entry, impersonateUser: user } : entry,
  )
}

function boundCalls(timeoutMs: number): Middleware {
  return {
    pre: (context) => {
      context.setSignal(AbortSignal.timeout(timeoutMs))
      return Promise.resolve(context)
    },
    post: (context) => Promise.resolve(context),
  }
}

/** The message of a Status object, which client-node passes on parsed or as text. */
function messageOf(body: unknown): string | undefined {
  if (typeof body === 'string') {
    try {
      return messageOf(JSON.parse(body))
    } catch {
      return body.slice(0, 200)
    }
  }
  if (typeof body !== 'object' || body === null || !('message' in body)) return undefined
  return String(body.message)
}
