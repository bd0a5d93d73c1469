import { unschedulableReason } from '../kube/watch-hub/entries.ts'
import type { WatchHub } from '../kube/watch-hub/hub.ts'
import type { WatchedObjects } from '../kube/watch-hub/kinds.ts'

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

/**
 * Remembers every state that pods of one name go through, so that a binding that passes within
 * milliseconds is seen: a view of a watch hub. What was missed is told as a gap: then nothing can be
 * said of that time.
 */
export class PodRecorder implements Disposable {
  readonly name: string
  readonly sightings: PodSighting[] = []
  readonly gaps: { readonly atMs: number; readonly why: string }[] = []
  readonly #hub: WatchHub
  readonly #unsubscribe: () => void

  /**
   * Begins with the pod as it is now, if there is one.
   *
   * @throws InconclusiveError when the hub does not see pods
   */
  constructor(hub: WatchHub, name: string) {
    this.name = name
    this.#hub = hub
    const now = hub.state('pod').get(name)
    if (now) this.sightings.push(sightingOf(now, false, performance.now()))
    this.#unsubscribe = hub.subscribe((news) => {
      if (news.kind !== 'pod' || news.type === 'trouble') return
      const { atMs } = news
      if (news.type === 'gap') this.gaps.push({ atMs, why: news.why })
      else if (news.object.metadata.name === name) {
        this.sightings.push(sightingOf(news.object, news.type === 'deleted', atMs))
      }
    })
  }

  /** Why pods can't be seen just now; undefined while they can. */
  get trouble(): string | undefined {
    return this.#hub.trouble('pod')
  }

  /** The last thing seen. */
  get latest(): PodSighting | undefined {
    return this.sightings.at(-1)
  }

  /**
   * Waits until `look` finds something, looking now and whenever something is seen. The wait that
   * this is a part of has the budget.
   *
   * @throws the signal's reason when it is aborted
   */
  until<T>(look: () => T | undefined, signal: AbortSignal): Promise<T> {
    return this.#hub.next(look, signal)
  }

  [Symbol.dispose](): void {
    this.#unsubscribe()
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

function sightingOf(pod: WatchedObjects['pod'], gone: boolean, atMs: number): PodSighting {
  const conditions = pod.status?.conditions ?? []
  const deleting = pod.metadata.deletionTimestamp != null
  const why = unschedulableReason(pod)
  const node = pod.spec?.nodeName
  return {
    atMs,
    uid: pod.metadata.uid,
    ...(node === undefined || node === '' ? {} : { node }),
    ready:
      !deleting && conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    deleting,
    gone,
    ...(why === undefined ? {} : { unschedulable: why }),
  }
}
