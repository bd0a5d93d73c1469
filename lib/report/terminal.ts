import { join } from 'node:path'
import type { ScenarioInfo, ScenarioResult } from '../model/scenario.ts'
import type { RunSummary } from '../model/summary.ts'
import { type LineStyle, markedLines, paint, resultLines, summaryLines } from './terminal-lines.ts'
import { type LiveLine, LiveRegion, type TerminalStream } from './terminal-live.ts'
import { cleanLine, formatDuration } from './text.ts'

export interface ReporterOptions {
  readonly stream: TerminalStream
  /** Whether to redraw lines; default: the stream is a terminal, not a dumb one, and not in CI. */
  readonly isTTY?: boolean
  /** Default: as `isTTY`, unless NO_COLOR is set (https://no-color.org). */
  readonly color?: boolean
}

/** A step of bring-up, tear-down or a scenario. The same `id` begins and ends. */
export interface StepEvent {
  readonly id: string
  readonly text: string
  readonly state: 'begin' | 'end' | 'fail'
  /** Milliseconds; default: measured here. */
  readonly elapsedMs?: number
}

/** Tells a person, or a log, how a run goes on. */
export interface Reporter {
  step(event: StepEvent): void
  scenarioStarted(info: Pick<ScenarioInfo, 'id' | 'claim'>): void
  scenarioFinished(result: ScenarioResult): void
  message(text: string): void
  /**
   * Prints what is wrong, the verdict, the report's path and, as the last line, the counts.
   *
   * @param reportDir the run's folder; default `reports/<run id>`
   */
  finish(summary: RunSummary, reportDir?: string): void
}

/** Something that goes on. */
interface Ongoing {
  readonly text: string
  readonly beganMs: number
  readonly indent: number
  /** Set for a step of a scenario when it has ended: it stays in view until the scenario ends. */
  readonly tookMs?: number
}

/**
 * On a terminal: what is done stays, what goes on is redrawn below with its time, and a scenario's
 * own steps are folded away when it ends, unless they failed. Elsewhere: one
 * line per event with the time since the start, without control characters; what explains a verdict
 * follows it on lines that are indented.
 */
export function createReporter(options: ReporterOptions): Reporter {
  const { stream } = options
  const isTTY = options.isTTY ?? isInteractive(stream)
  const color = options.color ?? (isTTY && (process.env['NO_COLOR'] ?? '') === '')
  // A reader that goes away (`| head`) must not end the run, which has to undo what it changed.
  stream.on('error', () => {})
  return isTTY ? terminalReporter(stream, color) : logReporter(stream, color)
}

function isInteractive(stream: TerminalStream): boolean {
  const ci = process.env['CI'] ?? ''
  const terminal = 'isTTY' in stream && stream.isTTY === true
  return terminal && process.env['TERM'] !== 'dumb' && (ci === '' || ci === 'false')
}

function terminalReporter(stream: TerminalStream, color: boolean): Reporter {
  const ongoing = new Map<string, Ongoing>()
  const told = new Set<string>()
  const live = new LiveRegion(stream, () => [...ongoing.values()].map(liveLine))
  // Asked for each time: a terminal may be resized.
  const style = (): LineStyle => ({ color, columns: stream.columns ?? 80 })
  const scenarioGoesOn = (): boolean =>
    [...ongoing.keys()].some((key) => key.startsWith('scenario '))

  const tellResult = (result: ScenarioResult): string[] => {
    told.add(result.id)
    return resultLines(result, style())
  }
  return {
    step({ id, text, state, elapsedMs }) {
      const key = `step ${id}`
      if (state === 'begin') {
        const indent = scenarioGoesOn() ? 2 : 0
        ongoing.set(key, { text, beganMs: performance.now(), indent })
        return live.print([])
      }
      const began = ongoing.get(key)
      ongoing.delete(key)
      const tookMs = elapsedMs ?? (began && performance.now() - began.beganMs)
      if (state === 'end' && began !== undefined && began.indent > 0 && scenarioGoesOn()) {
        ongoing.set(`done ${id} ${began.beganMs}`, { ...began, text, tookMs: tookMs ?? 0 })
        return live.print([])
      }
      const [mark, colour] = state === 'end' ? (['✔', 'green'] as const) : (['✘', 'red'] as const)
      const look = { indent: began?.indent ?? 0, mark: colour }
      return live.print(markedLines(mark, text + tookText(tookMs), style(), look))
    },
    scenarioStarted({ id, claim }) {
      ongoing.set(`scenario ${id}`, { text: claim, beganMs: performance.now(), indent: 0 })
      live.print([])
    },
    scenarioFinished(result) {
      ongoing.delete(`scenario ${result.id}`)
      if (!scenarioGoesOn()) {
        for (const key of ongoing.keys()) if (key.startsWith('done ')) ongoing.delete(key)
      }
      live.print(tellResult(result))
    },
    message(text) {
      live.print(markedLines('', text, style()))
    },
    finish(summary, reportDir = join('reports', summary.runId)) {
      ongoing.clear()
      const late = summary.results.filter(({ id }) => !told.has(id)).flatMap(tellResult)
      live.print([...late, '', ...summaryLines(summary, reportDir, style())])
      live.stop()
    },
  }
}

function logReporter(stream: TerminalStream, color: boolean): Reporter {
  const startedMs = performance.now()
  const ongoing = new Map<string, number>()
  const told = new Set<string>()
  const style: LineStyle = { color, columns: undefined }
  const write = (lines: readonly string[]): void => {
    stream.write(lines.map((line) => `${line}\n`).join(''))
  }
  /** `    12.3s  done    boot three machines (4.3 s)` */
  const line = (word: string, text: string): string => {
    const clock = `${((performance.now() - startedMs) / 1000).toFixed(1)}s`.padStart(8)
    return `${paint(clock, 'dim', style)}  ${word.padEnd(7)} ${cleanLine(text)}`
  }
  const tellResult = (result: ScenarioResult): string[] => {
    told.add(result.id)
    const words = { pass: 'PASS', fail: 'FAIL', unknown: 'UNKNOWN', skipped: 'SKIP' } as const
    const [, ...details] = resultLines(result, style)
    const why = result.outcome === 'skipped' ? ` (${result.reason ?? 'no reason was given'})` : ''
    const took = result.outcome === 'skipped' ? '' : ` (${formatDuration(result.durationMs)})`
    return [line(words[result.outcome], `${result.id}: ${result.claim}${took}${why}`), ...details]
  }
  return {
    step({ id, text, state, elapsedMs }) {
      if (state === 'begin') {
        ongoing.set(id, performance.now())
        return write([line('begin', text)])
      }
      const beganMs = ongoing.get(id)
      ongoing.delete(id)
      const tookMs = elapsedMs ?? (beganMs === undefined ? undefined : performance.now() - beganMs)
      return write([line(state === 'end' ? 'done' : 'FAILED', text + tookText(tookMs))])
    },
    scenarioStarted: ({ id, claim }) => write([line('begin', `${id}: ${claim}`)]),
    scenarioFinished: (result) => write(tellResult(result)),
    message: (text) => write([line('', text)]),
    finish(summary, reportDir = join('reports', summary.runId)) {
      const late = summary.results.filter(({ id }) => !told.has(id)).flatMap(tellResult)
      write([...late, ...summaryLines(summary, reportDir, style)])
    },
  }
}

function liveLine({ text, beganMs, indent, tookMs }: Ongoing): LiveLine {
  const elapsed = tookText(tookMs ?? performance.now() - beganMs).trim()
  return { text, indent, elapsed, done: tookMs !== undefined }
}

function tookText(ms: number | undefined): string {
  return ms === undefined ? '' : ` (${formatDuration(ms)})`
}
