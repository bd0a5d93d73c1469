import { z } from 'zod'
import type { Cluster } from '../kube/cluster.ts'
import { ObjectWatch } from '../kube/watch.ts'

/** One state of a pod of a given name, as the API server told it. */
export interface PodSighting {
  /** `performance.now()` at arrival. */
  readonly atMs: number
  readonly uid: string
  /** Absent while the pod is bound to no node. */
  readonly node?: string
  readonly ready: boolean
  readonly deleting: boolean
  /** The object is gone; the other fields say what it was last. */
  readonly gone: boolean
  /** What the scheduler says about a pod that it can't place. */
  readonly unschedulable?: string
}

const podSchema = z.looseObject({
  metadata: z.looseObject({ uid: z.string(), deletionTimestamp: z.unknown().optional() }),
  spec: z.looseObject({ nodeName: z.string().optional() }).optional(),
  status: z
    .looseObject({
      conditions: z
        .array(
          z.looseObject({
            type: z.string(),
            status: z.string(),
            reason: z.string().nullish(),
            message: z.string().nullish(),
          }),
        )
        .nullish(),
    })
    .optional(),
})

/**
 * Remembers every state that pods of one name go through, so that a binding that passes within
 * milliseconds is seen. What was missed is told as a gap: then nothing can be said of that time.
 */
export class PodRecorder implements AsyncDisposable {
  readonly name: string
  readonly sightings: PodSighting[] = []
  readonly gaps: { readonly atMs: number; readonly why: string }[] = []
  readonly #listeners = new Set<() => void>()
  #watch: ObjectWatch<z.infer<typeof podSchema>> | undefined

  static async start(cluster: Cluster, namespace: string, name: string): Promise<PodRecorder> {
    const recorder = new PodRecorder(name)
    const fieldSelector = `metadata.name=${name}`
    recorder.#watch = await ObjectWatch.start(cluster, {
      path: `/api/v1/namespaces/${namespace}/pods`,
      fieldSelector,
      list: () => cluster.core.listNamespacedPod({ namespace, fieldSelector }),
      parse: (object) => podSchema.parse(object),
      onSighting: (sighting) => {
        if (sighting.kind === 'gap') recorder.gaps.push({ atMs: sighting.atMs, why: sighting.why })
        else recorder.sightings.push(sightingOf(sighting.object, sighting))
        for (const listener of recorder.#listeners) listener()
      },
    })
    return recorder
  }

  private constructor(name: string) {
    this.name = name
  }

  /** Why the watch is not being served just now; undefined while it is. */
  get trouble(): string | undefined {
    return this.#watch?.trouble
  }

  /** The last thing seen. */
  get latest(): PodSighting | undefined {
    return this.sightings.at(-1)
  }

  /**
   * Waits until `look` finds something, looking now and whenever something is seen.
   *
   * @throws the signal's reason when it is aborted
   */
  async until<T>(look: () => T | undefined, signal: AbortSignal): Promise<T> {
    const now = look()
    if (now !== undefined) return now
    signal.throwIfAborted()
    const found = Promise.withResolvers<T>()
    const listener = (): void => {
      const value = look()
      if (value !== undefined) found.resolve(value)
    }
    const onAbort = (): void => found.reject(asError(signal.reason))
    this.#listeners.add(listener)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await found.promise
    } finally {
      this.#listeners.delete(listener)
      signal.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]()
  }
}

/** When a replacement was first seen on a node. */
export interface Binding {
  readonly uid: string
  readonly node: string
  readonly atMs: number
}

/** All bindings of pods other than the old one, each pod's first alone, oldest first. */
export function bindingsOf(sightings: readonly PodSighting[], oldUid: string): Binding[] {
  const seen = new Map<string, Binding>()
  for (const { uid, node, atMs } of sightings) {
    if (uid === oldUid || node === undefined || seen.has(uid)) continue
    seen.set(uid, { uid, node, atMs })
  }
  return [...seen.values()]
}

/** How a replacement's Pending went, from when it was created to when it was bound. */
export interface PendingHistory {
  /** When the first replacement was seen; undefined: there is none yet. */
  readonly beganAtMs?: number
  /** Each distinct thing that the scheduler said, in order. */
  readonly explanations: readonly string[]
  readonly bindings: readonly Binding[]
}

/** Puts together what was seen of the pods that came after `oldUid`. */
export function pendingHistory(sightings: readonly PodSighting[], oldUid: string): PendingHistory {
  const later = sightings.filter(({ uid, gone }) => uid !== oldUid && !gone)
  const began = later[0]?.atMs
  const explanations = later.flatMap(({ unschedulable }) => unschedulable ?? [])
  return {
    ...(began === undefined ? {} : { beganAtMs: began }),
    explanations: [...new Set(explanations)],
    bindings: bindingsOf(sightings, oldUid),
  }
}

function sightingOf(
  pod: z.infer<typeof podSchema>,
  { kind, atMs }: { readonly kind: 'seen' | 'gone'; readonly atMs: number },
): PodSighting {
  const conditions = pod.status?.conditions ?? []
  const deleting = pod.metadata.deletionTimestamp !== undefined
  const waiting = conditions.find(
    ({ type, status, reason }) =>
      type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  )
  const node = pod.spec?.nodeName
  return {
    atMs,
    uid: pod.metadata.uid,
    ...(node === undefined || node === '' ? {} : { node }),
    ready:
      !deleting && conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    deleting,
    gone: kind === 'gone',
    ...(waiting?.message == null ? {} : { unschedulable: waiting.message }),
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
