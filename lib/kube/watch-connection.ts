import { isIP } from 'node:net'
import {
  ApiException,
  HttpMethod,
  KubeConfig,
  RequestContext,
  type ResponseContext,
} from '@kubernetes/client-node'
import type { Cluster } from './cluster.ts'
import { transientAware } from './transient.ts'

/**
 * GETs on a connection of their own. client-node's connections are shared and speak HTTP/2: when one
 * dies without a word, whoever gives up and asks again is sent down the same dead connection. This
 * one can be thrown away.
 */
export class WatchConnection implements AsyncDisposable {
  readonly #server: string
  readonly #kubeconfig = new KubeConfig()
  readonly #http = transientAware()
  #dispatcher: ReturnType<RequestContext['getDispatcher']>

  constructor({ kubeconfig }: Cluster) {
    const cluster = kubeconfig.getCurrentCluster()
    this.#server = cluster?.server ?? ''
    this.#kubeconfig.loadFromOptions({
      clusters: cluster ? [{ ...cluster, ...namedServer(cluster) }] : [],
      users: kubeconfig.users,
      contexts: kubeconfig.contexts,
      currentContext: kubeconfig.currentContext,
    })
  }

  /**
   * @param path `/api/v1/nodes`
   * @throws TransientApiError when there is no answer this time; ApiException when it is a refusal
   */
  async get(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<ResponseContext> {
    const context = new RequestContext(`${this.#server}${path}`, HttpMethod.GET)
    for (const [name, value] of Object.entries(query)) context.setQueryParam(name, value)
    context.setHeaderParam('Accept', 'application/json')
    // Tokens travel in headers and are renewed here.
    await this.#kubeconfig.applySecurityAuthentication(context)
    this.#dispatcher ??= context.getDispatcher()
    if (this.#dispatcher) context.setDispatcher(this.#dispatcher)
    context.setSignal(signal)
    const response = await this.#http.send(context).toPromise()
    const { httpStatusCode: status } = response
    if (status === 200) return response
    throw new ApiException(status, `GET ${path}`, await response.body.text(), response.headers)
  }

  /** Breaks the connection and all that hangs on it; the next call makes another. */
  async reset(): Promise<void> {
    const dispatcher = this.#dispatcher
    this.#dispatcher = undefined
    await dispatcher?.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reset()
  }
}

/**
 * client-node gives a dispatcher of its own only to a server with TLS options; the server's name
 * counts as one and is what it would be anyway.
 */
function namedServer(cluster: { readonly server: string; readonly tlsServerName?: string }): {
  tlsServerName?: string
} {
  const { protocol, hostname } = new URL(cluster.server)
  if (cluster.tlsServerName !== undefined || protocol !== 'https:') return {}
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { tlsServerName: hostname } : {}
}
