import type { TimelineEvent } from '../../model/timeline.ts'
import { type Entry, entriesOf } from './entries.ts'
import type { WatchHub } from './hub.ts'
import { LeaseClock } from './lease-clock.ts'

/** Where entries are written; the engine's timeline is one. */
export interface EntrySink {
  emit(event: Entry & { readonly source: TimelineEvent['source'] }): void
}

/**
 * Writes what the hub sees into the timeline, from now until disposed of, each entry at the moment
 * at which it is seen. One recorder a run: a second one would write everything twice.
 */
export function recordTransitions(hub: WatchHub, sink: EntrySink): Disposable {
  const write = (entry: Entry): void => sink.emit({ source: 'kubernetes', ...entry })
  const leases = hub.refused.has('lease') ? undefined : new LeaseClock(hub, write)
  const unsubscribe = hub.subscribe((news) => {
    for (const entry of entriesOf(news)) write(entry)
  })
  for (const [kind, why] of hub.refused) {
    write({
      kind: 'watch.trouble',
      subject: `watch/${kind}s`,
      text: `${kind}s can't be seen: ${why}`,
    })
  }
  return {
    [Symbol.dispose]: () => {
      unsubscribe()
      leases?.[Symbol.dispose]()
    },
  }
}
