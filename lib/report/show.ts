import type { RunSummary } from '../model/summary.ts'
import { findRun, readRun } from './read-run.ts'
import { type LineStyle, resultLines, summaryLines } from './terminal-lines.ts'
import type { TerminalStream } from './terminal-live.ts'
import { writeReports } from './write.ts'

export interface ShowOptions {
  /** The folder that holds the runs. */
  readonly reportsDir: string
  /** A run's id or the beginning of it; default: the newest. */
  readonly run?: string
  readonly stream: TerminalStream
  /** Wraps to the terminal's width; default: whether the stream is a terminal. */
  readonly isTTY?: boolean
  /** Default: as `isTTY`, unless NO_COLOR is set. */
  readonly color?: boolean
}

/**
 * `zonefall report [RUN]`: prints a past run as it was printed at its end. Of one that was killed
 * before it wrote them the reports are made from what it left; one that still goes on is only shown.
 *
 * @returns the summary, and the run's folder
 * @throws PreflightError when there is no such run; AggregateError when the reports can't be written.
 */
export async function showRun(
  options: ShowOptions,
): Promise<{ readonly summary: RunSummary; readonly dir: string }> {
  const dir = await findRun(options.reportsDir, options.run)
  const { summary, state } = await readRun(dir)
  if (state === 'killed') await writeReports(dir, summary, { latest: false })
  const { stream } = options
  const isTTY = options.isTTY ?? ('isTTY' in stream && stream.isTTY === true)
  const style: LineStyle = {
    color: options.color ?? (isTTY && (process.env['NO_COLOR'] ?? '') === ''),
    columns: isTTY ? (stream.columns ?? 80) : undefined,
  }
  const { target } = summary
  const lines = [
    `run ${summary.runId}, ${summary.startedAt}, target ${target.kind} (${target.context}), ` +
      `tier ${summary.tier}, seed ${summary.seed}`,
    '',
    ...summary.results.flatMap((result) => resultLines(result, style)),
    '',
    ...summaryLines(summary, dir, style),
  ]
  stream.write(`${lines.join('\n')}\n`)
  return { summary, dir }
}
