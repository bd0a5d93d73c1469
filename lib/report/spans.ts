import type { TimelineEvent } from '../model/timeline.ts'

/** A stretch of time that was named in the timeline: a wait, a step, a scenario. */
export interface Span {
  /** `wait`, `step`, …: the event kind without `.begin`. */
  readonly kind: string
  readonly text: string
  readonly source: TimelineEvent['source']
  readonly scenario?: string
  readonly beginMs: number
  readonly endMs: number
  /** Whether its end was written; one that a kill cut short ends with the timeline. */
  readonly closed: boolean
  /** `data.outcome` of its end, or `failed` where that says `ok: false`. */
  readonly outcome?: string
}

/**
 * Pairs `x.begin` with `x.end`: by `data.span` or `data.id`, or where there is none by kind, scenario and text,
 * the youngest begin first. Ends without a begin are dropped. In order of their begin.
 */
export function pairSpans(events: readonly TimelineEvent[]): Span[] {
  const open = new Map<string, TimelineEvent[]>()
  const spans: Span[] = []
  let lastMs = 0
  for (const event of events) {
    lastMs = Math.max(lastMs, event.atMs)
    const [, kind, edge] = /^(.+)\.(begin|end)$/.exec(event.kind) ?? []
    if (kind === undefined) continue
    const key = spanKey(kind, event)
    if (edge === 'begin') open.set(key, [...(open.get(key) ?? []), event])
    else {
      const begin = open.get(key)?.pop()
      if (begin !== undefined) spans.push(makeSpan(kind, begin, event.atMs, event))
    }
  }
  for (const [key, begins] of open) {
    const kind = key.slice(0, key.indexOf('\n'))
    for (const begin of begins) spans.push(makeSpan(kind, begin, lastMs))
  }
  return spans.toSorted((a, b) => a.beginMs - b.beginMs || b.endMs - a.endMs)
}

/** Milliseconds that at least one of the spans covers, inside `fromMs` … `toMs`. */
export function coveredMs(spans: readonly Span[], fromMs: number, toMs: number): number {
  return toMs - fromMs - uncovered(spans, fromMs, toMs).reduce((sum, gap) => sum + gap.lengthMs, 0)
}

/** A stretch that no span covers. */
export interface Gap {
  readonly beginMs: number
  readonly lengthMs: number
}

/** The stretches inside `fromMs` … `toMs` that none of the spans covers, in order. */
export function uncovered(spans: readonly Span[], fromMs: number, toMs: number): Gap[] {
  const gaps: Gap[] = []
  let reachedMs = fromMs
  for (const span of spans.toSorted((a, b) => a.beginMs - b.beginMs)) {
    const beginMs = Math.min(span.beginMs, toMs)
    if (beginMs > reachedMs) gaps.push({ beginMs: reachedMs, lengthMs: beginMs - reachedMs })
    reachedMs = Math.max(reachedMs, Math.min(span.endMs, toMs))
  }
  if (toMs > reachedMs) gaps.push({ beginMs: reachedMs, lengthMs: toMs - reachedMs })
  return gaps
}

function spanKey(kind: string, event: TimelineEvent): string {
  const id = spanId(event)
  // A scenario's end tells how it ended in the place of the claim.
  if (kind === 'scenario') return `${kind}\n\n${event.scenario ?? ''}`
  return id === undefined
    ? `${kind}\n\n${event.scenario ?? ''}\n${event.text ?? ''}`
    : `${kind}\n${id}`
}

function spanId(event: TimelineEvent): string | undefined {
  const id = event.data?.['span'] ?? event.data?.['id']
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

function outcomeOf(end: TimelineEvent | undefined): string | undefined {
  const outcome = end?.data?.['outcome']
  if (typeof outcome === 'string') return outcome
  return end?.data?.['ok'] === false ? 'failed' : undefined
}

function makeSpan(kind: string, begin: TimelineEvent, endMs: number, end?: TimelineEvent): Span {
  const outcome = outcomeOf(end)
  return {
    kind,
    text: begin.text ?? begin.subject ?? spanId(begin) ?? kind,
    source: begin.source,
    ...(begin.scenario === undefined ? {} : { scenario: begin.scenario }),
    beginMs: begin.atMs,
    endMs: Math.max(begin.atMs, endMs),
    closed: end !== undefined,
    ...(outcome === undefined ? {} : { outcome }),
  }
}
