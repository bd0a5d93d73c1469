import { HttpMethod, RequestContext } from '@kubernetes/client-node'
import { transientAware } from './transient.ts'
import type { Cluster } from './cluster.ts'

export interface PodRequest {
  readonly namespace: string
  readonly pod: string
  readonly port: number
  readonly method: 'GET' | 'POST'
  /** With its query. */
  readonly path: string
  readonly body?: string
  readonly timeoutMs: number
}

export interface PodResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

const http = transientAware()

/**
 * Sends an HTTP request to a pod's port by way of the API server, once.
 *
 * @returns also the API server's own refusals: whose answer it is, the pod's program has to mark
 * @throws TransientApiError, or what ended the connection, when there was no whole answer in time
 */
export async function requestPod(cluster: Cluster, request: PodRequest): Promise<PodResponse> {
  const { namespace, pod, port, method, path, body, timeoutMs } = request
  const server = cluster.kubeconfig.getCurrentCluster()?.server ?? ''
  const url = `${server}/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy${path}`
  const context = new RequestContext(url, HttpMethod[method])
  if (body !== undefined) context.setBody(body)
  context.setSignal(AbortSignal.timeout(timeoutMs))
  await cluster.kubeconfig.applySecurityAuthentication(context)
  const response = await http.send(context).toPromise()
  return {
    status: response.httpStatusCode,
    headers: response.headers,
    text: await response.body.text(),
  }
}
