import type { Entry } from './entries.ts'
import type { WatchHub } from './hub.ts'
import type { WatchedObjects } from './kinds.ts'

/** The kubelet's default; it renews after a quarter of that. */
const DEFAULT_LEASE_SECONDS = 40
/** How long after the watch is back renewals that were made meanwhile have come in. */
const AFTER_TROUBLE_MS = 1000

/**
 * Notices kubelets that no longer renew their lease: nothing changes in the API then, so a clock has
 * to run. It is this process's own and runs from the arrival of each renewal, so that nodes' clocks
 * don't matter; a lease is lost when its whole duration passed without one (Kubernetes' controller
 * waits for `--node-monitor-grace-period` instead, 50 s, and then calls the node NotReady).
 */
export class LeaseClock implements Disposable {
  readonly #hub: WatchHub
  readonly #write: (entry: Entry) => void
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #lost = new Set<string>()
  readonly #unsubscribe: () => void

  constructor(hub: WatchHub, write: (entry: Entry) => void) {
    this.#hub = hub
    this.#write = write
    for (const lease of hub.state('lease').values()) this.#renewed(lease)
    this.#unsubscribe = hub.subscribe((news) => {
      if (news.kind !== 'lease' || news.type === 'gap' || news.type === 'trouble') return
      const { object, before, type } = news
      if (type === 'deleted') this.#forget(object.metadata.name)
      else if (!before || object.spec?.renewTime !== before.spec?.renewTime) this.#renewed(object)
    })
  }

  [Symbol.dispose](): void {
    this.#unsubscribe()
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }

  #renewed(lease: WatchedObjects['lease']): void {
    const { name } = lease.metadata
    if (this.#lost.delete(name)) {
      this.#write({
        kind: 'lease.renewed',
        subject: `node/${name}`,
        text: `${name} renews its lease again`,
      })
    }
    this.#arm(lease, (lease.spec?.leaseDurationSeconds ?? DEFAULT_LEASE_SECONDS) * 1000)
  }

  #arm(lease: WatchedObjects['lease'], ms: number): void {
    const { name } = lease.metadata
    clearTimeout(this.#timers.get(name))
    const timer = setTimeout(() => {
      // Whoever sees nothing can't say that nothing was renewed.
      if (this.#hub.trouble('lease') === undefined) this.#lose(lease)
      else this.#arm(lease, AFTER_TROUBLE_MS)
    }, ms)
    timer.unref()
    this.#timers.set(name, timer)
  }

  #lose({ metadata: { name }, spec }: WatchedObjects['lease']): void {
    this.#lost.add(name)
    const seconds = spec?.leaseDurationSeconds ?? DEFAULT_LEASE_SECONDS
    this.#write({
      kind: 'lease.lost',
      subject: `node/${name}`,
      text: `${name} has not renewed its lease for ${seconds} s`,
      data: { renewTime: spec?.renewTime ?? null, seconds },
    })
  }

  #forget(name: string): void {
    clearTimeout(this.#timers.get(name))
    this.#timers.delete(name)
    this.#lost.delete(name)
  }
}
