import type { TimelineEvent } from '../../model/timeline.ts'
import { type Entry, entriesOf } from './entries.ts'
import type { HubNews, WatchHub } from './hub.ts'
import type { WatchedObjects } from './kinds.ts'
import { LeaseClock } from './lease-clock.ts'

/** Where entries are written; the engine's timeline is one. */
export interface EntrySink {
  emit(event: Entry & Pick<TimelineEvent, 'source' | 'file'>): void
}

/**
 * Writes what the hub sees into the timeline, from now until disposed of, each entry at the moment
 * at which it is seen. One recorder a run and kind of object: a second one would write all twice.
 *
 * @param fileOf the scenario file whose deployment is in a namespace, where there are several
 */
export function recordTransitions(
  hub: WatchHub,
  sink: EntrySink,
  fileOf: (namespace: string) => string | undefined = () => undefined,
): Disposable {
  const claimants = new Claimants(hub)
  const write = (entry: Entry, namespace = ''): void => {
    const file = fileOf(namespace)
    sink.emit({ source: 'kubernetes', ...(file === undefined ? {} : { file }), ...entry })
  }
  const leases = hub.watches('lease') ? new LeaseClock(hub, write) : undefined
  const unsubscribe = hub.subscribe((news) => {
    const namespace = claimants.namespaceOf(news)
    for (const entry of entriesOf(news)) write(entry, namespace)
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

/** Whose namespace things are in; volumes and what attaches them are in that of their claim. */
class Claimants {
  /** By the volume's name; kept, because a volume goes before its attachment is told to have gone. */
  readonly #namespaces = new Map<string, string>()

  constructor(hub: WatchHub) {
    if (!hub.watches('volume')) return
    for (const volume of hub.state('volume').values()) this.#remember(volume)
  }

  namespaceOf(news: HubNews): string | undefined {
    if (news.type === 'gap' || news.type === 'trouble') return undefined
    if (news.kind === 'volume') return this.#remember(news.object)
    if (news.kind === 'attachment') {
      return this.#namespaces.get(news.object.spec.source.persistentVolumeName ?? '')
    }
    return news.object.metadata.namespace
  }

  #remember({ metadata, spec }: WatchedObjects['volume']): string | undefined {
    const namespace = spec?.claimRef?.namespace
    if (namespace !== undefined) this.#namespaces.set(metadata.name, namespace)
    return namespace
  }
}
