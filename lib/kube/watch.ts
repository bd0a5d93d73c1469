import { setTimeout as delay } from 'node:timers/promises'
import { Watch } from '@kubernetes/client-node'
import { z } from 'zod'
import { type Cluster, explainApiError } from './cluster.ts'

/** What a watch tells; times are `performance.now()` at arrival. */
export type Sighting<T> =
  | { readonly kind: 'seen'; readonly object: T; readonly atMs: number }
  | { readonly kind: 'gone'; readonly object: T; readonly atMs: number }
  /** History was missed and what there is now follows: something may have come and gone. */
  | { readonly kind: 'gap'; readonly atMs: number; readonly why: string }

export interface WatchOptions<T> {
  /** `/api/v1/namespaces/default/pods` */
  readonly path: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
  /** The same objects as a list, with the version that it is of. */
  readonly list: () => Promise<{
    readonly metadata?: { readonly resourceVersion?: string }
    readonly items: readonly unknown[]
  }>
  /** Makes a known form of what the API server sent. */
  readonly parse: (object: unknown) => T
  readonly onSighting: (sighting: Sighting<T>) => void
}

const versionSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }).optional(),
  code: z.number().optional(),
})

/** The server ends each watch after this long; client-node gives one up after 30 s of silence. */
const WATCH_SECONDS = 20
const RETRY_MS = 250

/**
 * Follows objects without missing any change: a list, then watches that go on from the last
 * version seen. When the API server no longer has that version a `gap` is told, then the state as
 * it is.
 */
export class ObjectWatch<T> implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: WatchOptions<T>
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()
  /** Why the watch is not being served just now; undefined while it is. */
  trouble: string | undefined

  /** Starts watching; resolves when the first state has been told. */
  static async start<T>(cluster: Cluster, options: WatchOptions<T>): Promise<ObjectWatch<T>> {
    const watch = new ObjectWatch(cluster, options)
    const version = await watch.#list()
    watch.#running = watch.#follow(version)
    return watch
  }

  private constructor(cluster: Cluster, options: WatchOptions<T>) {
    this.#cluster = cluster
    this.#options = options
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #follow(from: string): Promise<void> {
    let version = from
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const next = await this.#watchOnce(version)
        if (next === undefined) {
          this.#tell({ kind: 'gap', atMs: performance.now(), why: 'history was compacted' })
          version = await this.#list()
        } else version = next
        this.trouble = undefined
      } catch (error) {
        this.trouble = explainApiError(error)
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** @returns the version to go on from; undefined when the server has forgotten it */
  async #watchOnce(version: string): Promise<string | undefined> {
    let current: string | undefined = version
    const ended = Promise.withResolvers<void>()
    const controller = await new Watch(this.#cluster.kubeconfig).watch(
      this.#options.path,
      {
        ...this.#selectors(),
        resourceVersion: version,
        allowWatchBookmarks: true,
        timeoutSeconds: WATCH_SECONDS,
      },
      (type: string, object: unknown) => {
        const { metadata, code } = versionSchema.parse(object)
        if (type === 'ERROR') {
          if (code === 410) current = undefined
          else ended.reject(new Error(`the watch answered ${code ?? 'an error'}`))
          return
        }
        this.trouble = undefined
        if (current !== undefined) current = metadata?.resourceVersion ?? current
        if (type === 'BOOKMARK') return
        this.#tell({
          kind: type === 'DELETED' ? 'gone' : 'seen',
          object: this.#options.parse(object),
          atMs: performance.now(),
        })
      },
      (error: unknown) => {
        const status = statusCodeOf(error)
        if (status === 410) {
          current = undefined
          ended.resolve()
        } else if (error === null || error === undefined || isSilence(error)) ended.resolve()
        else ended.reject(error instanceof Error ? error : new Error(explainApiError(error)))
      },
    )
    const onStop = (): void => {
      controller.abort()
      ended.resolve()
    }
    this.#stop.signal.addEventListener('abort', onStop, { once: true })
    if (this.#stop.signal.aborted) onStop()
    try {
      await ended.promise
    } finally {
      this.#stop.signal.removeEventListener('abort', onStop)
      controller.abort()
    }
    return current
  }

  async #list(): Promise<string> {
    const list = await this.#options.list()
    for (const item of list.items) {
      this.#tell({ kind: 'seen', object: this.#options.parse(item), atMs: performance.now() })
    }
    return list.metadata?.resourceVersion ?? ''
  }

  #selectors(): Record<string, string> {
    const { fieldSelector, labelSelector } = this.#options
    return {
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    }
  }

  #tell(sighting: Sighting<T>): void {
    if (!this.#stop.signal.aborted) this.#options.onSighting(sighting)
  }
}

function statusCodeOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : undefined
}

/** A connection without a word for 30 s is given up by client-node: ask again from where it was. */
function isSilence(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
}
