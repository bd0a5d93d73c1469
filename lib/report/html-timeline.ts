import type { TimelineEvent } from '../model/timeline.ts'
import { html, type Markup } from './markup.ts'
import type { Span } from './spans.ts'
import { cutLine, formatDuration } from './text.ts'

/** A bar chart stays readable, and the page small, with this many rows. */
const MAX_ROWS = 60
/** A wait of less than this share of the chart's time shows nothing and tells little. */
const TELLING_SHARE = 0.01
/** What the cluster did counts as much as a wait of this length: there may be much of it. */
const CLUSTER_EVENT_MS = 1000

interface Row {
  readonly kind: string
  readonly text: string
  readonly beginMs: number
  readonly endMs: number
  readonly note: string
  readonly late: boolean
  /** What it counts when there are too many rows; milliseconds of a wait. */
  readonly weightMs: number
}

/**
 * Waits and steps as bars, and what happened at a moment (a fault injected, a pod bound) as ticks,
 * on the time from `fromMs` to `toMs`. Longest first to go when there are too many rows.
 */
export function timelineChart(
  spans: readonly Span[],
  instants: readonly TimelineEvent[],
  [fromMs, toMs]: readonly [number, number],
): Markup | undefined {
  const rows = [...spans.map(spanRow), ...instants.map((event) => instantRow(event, fromMs))]
  if (rows.length === 0 || toMs <= fromMs) return undefined
  const kept = keepMostTelling(rows, (toMs - fromMs) * TELLING_SHARE)
  const left = rows.length - kept.length
  return html`<div class="timeline">
    ${kept.map((row) => rowMarkup(row, fromMs, toMs))}
    ${left === 0 ? undefined : html`<p class="soft">${left} lesser rows are in timeline.ndjson.</p>`}
  </div>`
}

function spanRow(span: Span): Row {
  const late = span.outcome !== undefined && span.outcome !== 'done'
  const how = span.closed ? (late ? `, ${span.outcome}` : '') : ', never ended'
  return {
    kind: span.kind === 'step' ? 'step' : 'wait',
    text: span.text,
    beginMs: span.beginMs,
    endMs: span.endMs,
    note: formatDuration(span.endMs - span.beginMs) + how,
    late: late || !span.closed,
    weightMs: late || !span.closed ? Number.POSITIVE_INFINITY : span.endMs - span.beginMs,
  }
}

function instantRow(event: TimelineEvent, fromMs: number): Row {
  const text = event.text ?? event.subject ?? ''
  return {
    kind: 'instant',
    text: text === '' ? event.kind : `${event.kind}: ${text}`,
    beginMs: event.atMs,
    endMs: event.atMs,
    note: `after ${formatDuration(Math.max(0, event.atMs - fromMs))}`,
    late: false,
    weightMs: event.source === 'kubernetes' ? CLUSTER_EVENT_MS : Number.POSITIVE_INFINITY,
  }
}

/** The harness's own moments are few and tell the story; of the waits the shortest go first. */
function keepMostTelling(rows: readonly Row[], shortestMs: number): Row[] {
  return rows
    .filter(({ kind, weightMs }) => kind !== 'wait' || weightMs >= shortestMs)
    .toSorted((a, b) => (a.weightMs === b.weightMs ? 0 : b.weightMs - a.weightMs))
    .slice(0, MAX_ROWS)
    .toSorted((a, b) => a.beginMs - b.beginMs)
}

function rowMarkup(row: Row, fromMs: number, toMs: number): Markup {
  const permille = (ms: number): number =>
    Math.round(Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs))) * 10_000) / 10
  const x = permille(row.beginMs)
  const width = Math.max(row.kind === 'instant' ? 4 : 2, permille(row.endMs) - x)
  const name = row.late ? 'late' : row.kind
  return html`<div class="row">
    <div class="label"><span>${cutLine(row.text, 160)}</span><span>${row.note}</span></div>
    <svg class="track" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="${name}" x="${Math.min(x, 1000 - width)}" y="0" width="${width}" height="10" />
    </svg>
  </div>`
}
