import { InconclusiveError } from '../../model/errors.ts'
import { poll, within, type WaitOptions } from '../../std/poll.ts'
import { type Cluster, explainApiError, refusalOf } from '../cluster.ts'
import { ObjectWatch, type Sighting } from '../watch.ts'
import { KINDS, WATCHED_KINDS, type WatchedKind, type WatchedObjects } from './kinds.ts'

/** An object changed; times are `performance.now()` at arrival. */
export interface Transition<K extends WatchedKind> {
  readonly type: 'added' | 'changed' | 'deleted'
  readonly kind: K
  /** As it is now; of a deleted one what it was last. */
  readonly object: WatchedObjects[K]
  /** As it was; absent of an added one. */
  readonly before?: WatchedObjects[K]
  /** Seen when history was missed: there may have been other states in between. */
  readonly afterGap: boolean
  readonly atMs: number
}

export type AnyTransition = { [K in WatchedKind]: Transition<K> }[WatchedKind]

/** What a hub tells. */
export type HubNews =
  | AnyTransition
  /** The API server had forgotten what came next; how the state differs is told after this. */
  | {
      readonly type: 'gap'
      readonly kind: WatchedKind
      readonly why: string
      readonly atMs: number
    }
  /** The watch of a kind is not being served any more; without `why`: it is again. */
  | {
      readonly type: 'trouble'
      readonly kind: WatchedKind
      readonly why?: string
      readonly atMs: number
    }

export interface HubOptions {
  /** Of the pods, claims and events. */
  readonly namespace: string
  /** Default: all. */
  readonly kinds?: readonly WatchedKind[]
  readonly signal?: AbortSignal
}

export interface HubWait extends WaitOptions {
  /** For the message when the budget is spent; default: the last transition of any object. */
  readonly lastSeen?: () => unknown
}

/**
 * All that happens to a run's objects, from one place: the state of each kind, and every transition
 * in order. Breaks of the connection and silence are overcome without missing a state; where the
 * API server itself has forgotten what came between, a gap is told.
 */
export class WatchHub implements AsyncDisposable {
  readonly namespace: string
  /** Kinds that the API server refuses to show, and why. */
  readonly refused: ReadonlyMap<WatchedKind, string>
  readonly #watches: { [K in WatchedKind]?: ObjectWatch<WatchedObjects[K]> } = {}
  readonly #refused = new Map<WatchedKind, string>()
  readonly #listeners = new Set<(news: HubNews) => void>()
  #latest: AnyTransition | undefined

  /**
   * Starts watching; resolves when the state of every kind is there. Kinds that may not be read are
   * left out, see `refused`.
   *
   * @throws WaitTimeoutError when the API server does not answer in time
   */
  static async start(cluster: Cluster, options: HubOptions): Promise<WatchHub> {
    const hub = new WatchHub(options.namespace)
    try {
      const kinds = options.kinds ?? WATCHED_KINDS
      await Promise.all(kinds.map((kind) => hub.#startKind(cluster, kind, options.signal)))
    } catch (error) {
      await hub[Symbol.asyncDispose]()
      throw error
    }
    return hub
  }

  private constructor(namespace: string) {
    this.namespace = namespace
    this.refused = this.#refused
  }

  /**
   * The objects of a kind as they were seen last, by name.
   *
   * @throws InconclusiveError when the kind is not watched
   */
  state<K extends WatchedKind>(kind: K): ReadonlyMap<string, WatchedObjects[K]> {
    return this.#watch(kind).objects
  }

  /** Whether a kind was asked for and may be read. */
  watches(kind: WatchedKind): boolean {
    return this.#watches[kind] !== undefined
  }

  /** Why a kind can't be seen just now; undefined while it can. */
  trouble(kind: WatchedKind): string | undefined {
    return this.#refused.get(kind) ?? this.#watch(kind).trouble
  }

  /** Has all news told to `listener`, in order, until the returned function is called. */
  subscribe(listener: (news: HubNews) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * The one way to wait for something that can be watched: resolves to what `look` finds, looking
   * now and at all news.
   *
   * @throws WaitTimeoutError when the budget is spent; the signal's reason when aborted; what `look`
   *   throws
   */
  until<T>(look: (hub: this) => T | undefined, options: HubWait): Promise<T> {
    return within(
      options,
      (signal) => this.next(look, signal),
      () => withTroubles(options.lastSeen?.() ?? this.#describeLatest(), this.#troubles()),
    )
  }

  /**
   * As `until`, inside of a wait that has its budget already (`within`).
   *
   * @throws the signal's reason when aborted; what `look` throws
   */
  async next<T>(look: (hub: this) => T | undefined, signal: AbortSignal): Promise<T> {
    const now = look(this)
    if (now !== undefined) return now
    signal.throwIfAborted()
    const found = Promise.withResolvers<T>()
    const unsubscribe = this.subscribe(() => {
      try {
        const value = look(this)
        if (value !== undefined) found.resolve(value)
      } catch (error) {
        found.reject(error)
      }
    })
    const onAbort = (): void => found.reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await found.promise
    } finally {
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
    await Promise.all(Object.values(this.#watches).map((watch) => watch[Symbol.asyncDispose]()))
  }

  // Kind, path and form of the object belong together for each K.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  async #startKind<K extends WatchedKind>(
    cluster: Cluster,
    kind: K,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const access = KINDS[kind]
    const options = {
      path: access.path(this.namespace),
      parse: access.parse,
      onSighting: (sighting: Sighting<WatchedObjects[K]>) => this.#tellSighting(kind, sighting),
      onTrouble: (why: string | undefined) =>
        this.#tell({
          type: 'trouble',
          kind,
          ...(why === undefined ? {} : { why }),
          atMs: performance.now(),
        }),
    }
    try {
      const watch = await poll(
        {
          what: `the first state of ${kind}s`,
          owner: 'watch hub',
          budget: 'apiCall',
          intervalMs: 250,
          ...(signal === undefined ? {} : { signal }),
        },
        async () => ({ done: true, value: await ObjectWatch.start(cluster, options) }),
      )
      Object.assign(this.#watches, { [kind]: watch })
    } catch (error) {
      if (refusalOf(error) === undefined) throw error
      this.#refused.set(kind, explainApiError(error))
    }
  }

  #watch<K extends WatchedKind>(kind: K): ObjectWatch<WatchedObjects[K]> {
    const watch = this.#watches[kind]
    if (watch) return watch
    const why = this.#refused.get(kind) ?? 'nobody asked for it'
    throw new InconclusiveError(`The cluster's ${kind}s are not watched: ${why}.`, {
      hint: `Give the credentials the verbs list and watch on ${KINDS[kind].path(this.namespace)}.`,
    })
  }

  #tellSighting<K extends WatchedKind>(kind: K, sighting: Sighting<WatchedObjects[K]>): void {
    if (sighting.kind === 'gap') {
      this.#tell({ type: 'gap', kind, why: sighting.why, atMs: sighting.atMs })
      return
    }
    const { object, afterGap, atMs } = sighting
    const before = sighting.kind === 'seen' ? sighting.before : object
    const isNew = before === undefined || before.metadata.uid !== object.metadata.uid
    const transition = {
      type: sighting.kind === 'gone' ? 'deleted' : isNew ? 'added' : 'changed',
      kind,
      object,
      ...(isNew ? {} : { before }),
      afterGap,
      atMs,
    }
    // The compiler can't see that kind and object belong together for every K.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const news = transition as unknown as AnyTransition
    this.#latest = news
    this.#tell(news)
  }

  #tell(news: HubNews): void {
    for (const listener of this.#listeners) listener(news)
  }

  #troubles(): string[] {
    return WATCHED_KINDS.flatMap((kind) => {
      const why = this.#refused.get(kind) ?? this.#watches[kind]?.trouble
      return why === undefined ? [] : [`${kind}s can't be seen: ${why}`]
    })
  }

  #describeLatest(): string {
    if (!this.#latest) return 'nothing since the watch began'
    const { kind, object, type, atMs } = this.#latest
    const agoMs = performance.now() - atMs
    return `${kind} ${object.metadata.name} ${type} ${(agoMs / 1000).toFixed(1)} s ago`
  }
}

function withTroubles(seen: unknown, troubles: readonly string[]): unknown {
  return troubles.length === 0 ? seen : { seen, troubles }
}
