import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { BUDGETS } from '../std/budgets.ts'
import { type Cluster, explainApiError, statusOf } from './cluster.ts'
import { SilenceAlarm } from './silence.ts'
import { WatchConnection } from './watch-connection.ts'
import { linesOf } from './watch-lines.ts'

/** What every watched object has. */
export interface Watchable {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
  }
}

/** What a watch tells; times are `performance.now()` at arrival. */
export type Sighting<T> =
  | {
      readonly kind: 'seen'
      readonly object: T
      /** The same object as it was seen last; undefined: it is new. */
      readonly before: T | undefined
      /** The state after a gap: others may have been missed. */
      readonly afterGap: boolean
      readonly atMs: number
    }
  | {
      readonly kind: 'gone'
      /** What it was last. */
      readonly object: T
      readonly afterGap: boolean
      readonly atMs: number
    }
  /** History was missed and what there is now follows: something may have come and gone. */
  | { readonly kind: 'gap'; readonly atMs: number; readonly why: string }

export interface WatchOptions<T extends Watchable> {
  /** `/api/v1/namespaces/default/pods` */
  readonly path: string
  /** Makes a known form of what the API server sent. */
  readonly parse: (object: unknown) => T
  readonly onSighting: (sighting: Sighting<T>) => void
  /** Told when the watch is no longer served, with why, and with undefined when it is again. */
  readonly onTrouble: (trouble: string | undefined) => void
}

/**
 * The server is asked to end each watch after this long, and the next goes on from the last version
 * seen. So every watch has something to say within this time (its end, if nothing else), whatever
 * stands between, and one that doesn't is dead. Two seconds before the end comes a bookmark with the
 * version to go on from (Kubernetes: `cacheWatcher.nextBookmarkTime`).
 */
const WATCH_SECONDS = 3
/** Nothing heard for so long, connecting included: the connection is given up. */
const SILENCE_MS = 4500
const MAX_RETRY_MS = 250

const listSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  items: z.array(z.unknown()),
})
const lineSchema = z.looseObject({
  type: z.string(),
  object: z.looseObject({
    metadata: z.looseObject({ resourceVersion: z.string().optional() }).optional(),
    code: z.number().optional(),
    message: z.string().optional(),
  }),
})

/**
 * Follows the objects of one path without missing a change: a list, then watches that go on from
 * the last version seen, over whatever breaks or falls silent. When the API server no longer has that
 * version a `gap` is told, then how the state differs from the one before.
 */
export class ObjectWatch<T extends Watchable> implements AsyncDisposable {
  readonly #options: WatchOptions<T>
  readonly #connection: WatchConnection
  readonly #stop = new AbortController()
  readonly #objects = new Map<string, T>()
  #attempt = new AbortController()
  /** To go on from; undefined: the state has to be listed anew. */
  #version: string | undefined
  #trouble: string | undefined
  #running: Promise<void> = Promise.resolve()

  /**
   * Starts watching; resolves when the first state is there. That is not told.
   *
   * @throws TransientApiError when there is no answer; ApiException when it is a refusal
   */
  static async start<T extends Watchable>(
    cluster: Cluster,
    options: WatchOptions<T>,
  ): Promise<ObjectWatch<T>> {
    const watch = new ObjectWatch(cluster, options)
    try {
      for (const object of await watch.#list()) watch.#objects.set(object.metadata.name, object)
    } catch (error) {
      await watch.#connection.reset()
      throw error
    }
    watch.#running = watch.#follow()
    return watch
  }

  private constructor(cluster: Cluster, options: WatchOptions<T>) {
    this.#options = options
    this.#connection = new WatchConnection(cluster)
  }

  /** The objects as they were seen last, by name. */
  get objects(): ReadonlyMap<string, T> {
    return this.#objects
  }

  /** Why the watch is not being served just now; undefined while it is. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#attempt.abort()
    await this.#running
    await this.#connection[Symbol.asyncDispose]()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop
    let failures = 0
    while (!signal.aborted) {
      let served = false
      try {
        if (this.#version === undefined) this.#tellDifference(await this.#list())
        await this.#watchOnce(() => {
          served = true
          this.#setTrouble(undefined)
        })
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (isGone(error)) {
          this.#version = undefined
          this.#tell({ kind: 'gap', atMs: performance.now(), why: 'history was compacted' })
          continue
        }
        this.#setTrouble(explainApiError(error))
        failures = served ? 0 : failures + 1
        await this.#connection.reset()
        // The first time at once: most connections that end can be made again.
        const pauseMs = failures === 0 ? 0 : Math.min(MAX_RETRY_MS, 5 * 2 ** failures)
        if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  /** Lists what there is, and notes the version to go on from. */
  async #list(): Promise<T[]> {
    const { signal } = this.#begin()
    const limit = AbortSignal.timeout(BUDGETS.apiCall)
    const response = await this.#connection.get(
      this.#options.path,
      {},
      AbortSignal.any([signal, limit]),
    )
    const list = listSchema.parse(JSON.parse(await response.body.text()))
    const objects = list.items.map((item) => this.#options.parse(item))
    this.#version = list.metadata.resourceVersion
    return objects
  }

  /** One watch, until the server ends it. */
  async #watchOnce(onServed: () => void): Promise<void> {
    const attempt = this.#begin()
    using alarm = new SilenceAlarm(SILENCE_MS, () =>
      attempt.abort(new Error(`the watch was silent for ${SILENCE_MS / 1000} s`)),
    )
    try {
      const response = await this.#connection.get(
        this.#options.path,
        {
          watch: 'true',
          resourceVersion: this.#version ?? '',
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(WATCH_SECONDS),
        },
        attempt.signal,
      )
      alarm.heard()
      onServed()
      const stream = response.body.stream()
      if (!stream) return
      for await (const line of linesOf(stream, () => alarm.heard())) this.#take(line)
    } catch (error) {
      attempt.signal.throwIfAborted()
      throw error
    }
  }

  #begin(): AbortController {
    this.#attempt = new AbortController()
    if (this.#stop.signal.aborted) this.#attempt.abort()
    return this.#attempt
  }

  #take(line: string): void {
    const { type, object } = lineSchema.parse(JSON.parse(line))
    if (type === 'ERROR') throw new WatchError(object.message ?? 'no reason', object.code)
    if (type !== 'BOOKMARK') {
      this.#note(type === 'DELETED' ? 'gone' : 'seen', this.#options.parse(object), false)
    }
    this.#version = object.metadata?.resourceVersion ?? this.#version
  }

  #note(kind: 'seen' | 'gone', object: T, afterGap: boolean): void {
    const { name } = object.metadata
    const before = this.#objects.get(name)
    const atMs = performance.now()
    if (kind === 'gone') {
      this.#objects.delete(name)
      this.#tell({ kind, object, afterGap, atMs })
    } else {
      this.#objects.set(name, object)
      this.#tell({ kind, object, before, afterGap, atMs })
    }
  }

  #tellDifference(now: readonly T[]): void {
    const present = new Map(now.map(({ metadata }) => [metadata.name, metadata.uid]))
    for (const object of this.#objects.values()) {
      const { name, uid } = object.metadata
      // Another may have taken the name.
      if (present.get(name) !== uid) this.#note('gone', object, true)
    }
    for (const object of now) {
      const { name, resourceVersion } = object.metadata
      if (this.#objects.get(name)?.metadata.resourceVersion === resourceVersion) continue
      this.#note('seen', object, true)
    }
  }

  #setTrouble(trouble: string | undefined): void {
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    if (!this.#stop.signal.aborted) this.#options.onTrouble(trouble)
  }

  #tell(sighting: Sighting<T>): void {
    if (!this.#stop.signal.aborted) this.#options.onSighting(sighting)
  }
}

/** The API server ended a watch and said why. */
class WatchError extends Error {
  readonly code: number | undefined

  constructor(why: string, code: number | undefined) {
    super(`the API server ended the watch: ${why}`)
    this.code = code
  }
}

function isGone(error: unknown): boolean {
  return statusOf(error) === 410 || (error instanceof WatchError && error.code === 410)
}
