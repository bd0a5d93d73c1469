import { Agent, request } from 'node:https'
import { z } from 'zod'
import type { KeyPair } from './certificates.ts'

/** A Kubernetes object as the lab handles it: applied as it is, read for a field or two. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [field: string]: unknown
}

/** The API server refused. `status` is the HTTP status. */
class ApiServerError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'ApiServerError'
    this.status = status
  }
}

/**
 * The little that the daemon needs of the Kubernetes API, on plain HTTPS: the whole client library
 * would cost it 40 MB and half a second of every boot.
 */
export class ApiClient {
  readonly #agent: Agent
  readonly #base: URL

  constructor(base: string, caCertificate: string, credentials: KeyPair) {
    this.#base = new URL(base)
    this.#agent = new Agent({
      ca: caCertificate,
      cert: credentials.certificate,
      key: credentials.key,
      keepAlive: true,
    })
  }

  get(path: string): Promise<unknown> {
    return this.#call('GET', path)
  }

  /** Server-side apply: creates the object or brings it to this state. */
  async apply(object: KubeObject): Promise<void> {
    const path = `${collectionPath(object)}/${object.metadata.name}`
    await this.#call(
      'PATCH',
      `${path}?fieldManager=zonefall-lab&force=true`,
      'application/apply-patch+yaml',
      JSON.stringify(object),
    )
  }

  close(): void {
    this.#agent.destroy()
  }

  #call(method: string, path: string, contentType?: string, body?: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.#base),
        {
          method,
          agent: this.#agent,
          timeout: 10_000,
          headers: contentType === undefined ? {} : { 'content-type': contentType },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            const status = response.statusCode ?? 0
            if (status >= 300) {
              reject(new ApiServerError(status, `${method} ${path}: ${status} ${messageOf(text)}`))
            } else resolve(text.startsWith('{') ? JSON.parse(text) : text)
          })
        },
      )
      call.on('timeout', () => call.destroy(new Error(`${method} ${path}: no answer in 10 s`)))
      call.on('error', reject)
      call.end(body)
    })
  }
}

const CLUSTER_SCOPED = new Set([
  'Namespace',
  'ClusterRole',
  'ClusterRoleBinding',
  'CSIDriver',
  'StorageClass',
  'PriorityClass',
])

function collectionPath({ apiVersion, kind, metadata }: KubeObject): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const plural = kind.endsWith('s') ? `${kind}es` : `${kind.replace(/y$/, 'ie')}s`
  const scope = CLUSTER_SCOPED.has(kind) ? '' : `/namespaces/${metadata.namespace ?? 'default'}`
  return `${root}${scope}/${plural.toLowerCase()}`
}

const statusMessage = z.object({ message: z.string() })

function messageOf(text: string): string {
  try {
    return statusMessage.parse(JSON.parse(text)).message
  } catch {
    return text
  }
}
