import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { TimelineEvent } from '../lib/model/timeline.ts'
import { readRun } from '../lib/report/read-run.ts'
import { readTimeline } from '../lib/report/records.ts'
import { coveredMs, pairSpans, uncovered } from '../lib/report/spans.ts'
import { formatDuration } from '../lib/report/text.ts'

/** A stretch of a run in which the harness itself was what took the time. */
export interface OverheadGap {
  readonly atMs: number
  readonly lengthMs: number
  /** The last event at or before its begin, and the first at or after its end. */
  readonly after: string
  readonly before: string
}

export interface Overhead {
  readonly totalMs: number
  /** Wall time in which no named wait and no step of the target was open. */
  readonly overheadMs: number
  /** `overheadMs / totalMs`, 0 … 1. */
  readonly share: number
  readonly waits: number
  /** Waits whose end was never written: they hide overhead, so a figure with any is no figure. */
  readonly unclosed: number
  /** The longest stretches, longest first. */
  readonly gaps: readonly OverheadGap[]
}

/** Who names the steps of the target: a scenario's own steps are the harness at work. */
const STEP_SOURCES: ReadonlySet<TimelineEvent['source']> = new Set(['supervisor', 'lab'])
const MAX_GAPS = 10

/**
 * The harness's own share of a run: the wall time in which nothing that has a name was awaited, over
 * the total. Awaited is what `wait.begin` … `wait.end` enclose, and the target's steps
 * (`step.begin` … `step.end` of the supervisor or the lab).
 *
 * @param totalMs the run's wall time; default: until the last event
 */
export function measureOverhead(events: readonly TimelineEvent[], totalMs?: number): Overhead {
  const endMs = totalMs ?? events.reduce((last, event) => Math.max(last, event.atMs), 0)
  const named = pairSpans(events).filter(
    ({ kind, source }) => kind === 'wait' || (kind === 'step' && STEP_SOURCES.has(source)),
  )
  const overheadMs = endMs - coveredMs(named, 0, endMs)
  const gaps = uncovered(named, 0, endMs)
    .toSorted((a, b) => b.lengthMs - a.lengthMs)
    .slice(0, MAX_GAPS)
    .map(({ beginMs, lengthMs }) => ({
      atMs: beginMs,
      lengthMs,
      after: nameOf(events.findLast((event) => event.atMs <= beginMs)),
      before: nameOf(events.find((event) => event.atMs >= beginMs + lengthMs)),
    }))
  return {
    totalMs: endMs,
    overheadMs,
    share: endMs === 0 ? 0 : overheadMs / endMs,
    waits: named.length,
    unclosed: named.filter(({ closed }) => !closed).length,
    gaps,
  }
}

function nameOf(event: TimelineEvent | undefined): string {
  if (event === undefined) return 'nothing'
  const about = event.text ?? event.subject
  return about === undefined ? event.kind : `${event.kind} (${about})`
}

/** `node bench/overhead.ts [RUN]`: prints the figure of a run and its longest gaps. */
async function main(): Promise<void> {
  const program = new Command('overhead')
    .description('Shows which share of a run was the harness itself.')
    .argument('[run]', 'the folder of a run; default: reports/latest')
    .option('--json', 'as data')
    .addHelpText('after', '\nExample:\n  node bench/overhead.ts reports/latest\n')
    .parse()
  const dir = program.args[0] ?? 'reports/latest'
  const { summary, state } = await readRun(dir)
  const timeline = join(dir, summary.timelineFile)
  const events = existsSync(timeline) ? readTimeline(timeline) : []
  if (state !== 'finished' || events.length === 0) {
    throw new Error(`${dir} has no overhead to measure: it needs a finished run with a timeline.`)
  }
  const overhead = measureOverhead(events, summary.durationMs)
  if (program.opts<{ json?: true }>().json) console.log(JSON.stringify(overhead, null, 2))
  else console.log(overheadText(overhead))
}

function overheadText({ share, overheadMs, totalMs, waits, unclosed, gaps }: Overhead): string {
  return [
    `${(share * 100).toFixed(2)} % of the run: ${formatDuration(overheadMs)} of ` +
      `${formatDuration(totalMs)}, outside of ${waits} named waits and steps`,
    ...(unclosed === 0 ? [] : [`${unclosed} of them never ended, so this is too little`]),
    ...gaps.map(
      ({ atMs, lengthMs, after, before }) =>
        `  ${formatDuration(lengthMs).padStart(8)} at ${(atMs / 1000).toFixed(1)} s, ` +
        `after ${after}, before ${before}`,
    ),
  ].join('\n')
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  await main()
}
