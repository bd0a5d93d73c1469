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
  /** Id of the scenario that it is a step of; absent of what belongs to none that goes on. */
  readonly scenario?: string
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
  /** Id of the scenario that it is, or is a step of. */
  readonly scenario?: string
  readonly isStep: boolean
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
  const live = new LiveRegion(stream, () => inGroups([...ongoing.values()]).map(liveLine))
  // Asked for each time: a terminal may be resized.
  const style = (): LineStyle => ({ color, columns: stream.columns ?? 80 })
  const goesOn = (scenario: string): boolean => ongoing.has(`scenario ${scenario}`)

  const tellResult = (result: ScenarioResult): string[] => {
    told.add(result.id)
    return resultLines(result, style())
  }
  return {
    step({ id, text, state, elapsedMs, scenario }) {
      const key = `step ${id}`
      if (state === 'begin') {
        const of = scenario !== undefined && goesOn(scenario) ? { scenario } : {}
        ongoing.set(key, { text, beganMs: performance.now(), isStep: true, ...of })
        return live.print([])
      }
      const began = ongoing.get(key)
      ongoing.delete(key)
      const tookMs = elapsedMs ?? (began && performance.now() - began.beganMs)
      if (state === 'end' && began?.scenario !== undefined && goesOn(began.scenario)) {
        ongoing.set(`done ${id} ${began.beganMs}`, { ...began, text, tookMs: tookMs ?? 0 })
        return live.print([])
      }
      const [mark, colour] = state === 'end' ? (['✔', 'green'] as const) : (['✘', 'red'] as const)
      const look = { indent: began ? indentOf(began) : 0, mark: colour }
      return live.print(markedLines(mark, text + tookText(tookMs), style(), look))
    },
    scenarioStarted({ id, claim }) {
      const beganMs = performance.now()
      ongoing.set(`scenario ${id}`, { text: claim, beganMs, isStep: false, scenario: id })
      live.print([])
    },
    scenarioFinished(result) {
      ongoing.delete(`scenario ${result.id}`)
      for (const [key, { scenario, tookMs }] of ongoing) {
        if (scenario === result.id && tookMs !== undefined) ongoing.delete(key)
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
  const running = new Set<string>()
  const told = new Set<string>()
  /** With several scenarios at once each step is told with its file. */
  const withFile = (text: string, scenario?: string): string =>
    scenario === undefined || running.size < 2
      ? text
      : `${scenario.slice(0, scenario.lastIndexOf('/'))}: ${text}`
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
    step({ id, text, state, elapsedMs, scenario }) {
      const shown = withFile(text, scenario)
      if (state === 'begin') {
        ongoing.set(id, performance.now())
        return write([line('begin', shown)])
      }
      const beganMs = ongoing.get(id)
      ongoing.delete(id)
      const tookMs = elapsedMs ?? (beganMs === undefined ? undefined : performance.now() - beganMs)
      return write([line(state === 'end' ? 'done' : 'FAILED', shown + tookText(tookMs))])
    },
    scenarioStarted({ id, claim }) {
      running.add(id)
      write([line('begin', `${id}: ${claim}`)])
    },
    scenarioFinished(result) {
      running.delete(result.id)
      write(tellResult(result))
    },
    message: (text) => write([line('', text)]),
    finish(summary, reportDir = join('reports', summary.runId)) {
      const late = summary.results.filter(({ id }) => !told.has(id)).flatMap(tellResult)
      write([...late, ...summaryLines(summary, reportDir, style)])
    },
  }
}

/** With several scenarios at once, so many steps that are done stay in view of each. */
const DONE_OF_SEVERAL = 2

/** Each scenario with its steps below it, in the order in which they began; the rest comes last. */
function inGroups(ongoing: readonly Ongoing[]): Ongoing[] {
  const groups = Map.groupBy(ongoing, ({ scenario }) => scenario ?? '')
  const rest = groups.get('') ?? []
  groups.delete('')
  const shown = [...groups.values()].map((group) => {
    if (groups.size < 2) return group
    const old = group.filter(({ tookMs }) => tookMs !== undefined).slice(0, -DONE_OF_SEVERAL)
    return group.filter((item) => !old.includes(item))
  })
  return [...shown.flat(), ...rest]
}

function indentOf({ isStep, scenario }: Ongoing): number {
  return isStep && scenario !== undefined ? 2 : 0
}

function liveLine(item: Ongoing): LiveLine {
  const { text, beganMs, tookMs } = item
  const elapsed = tookText(tookMs ?? performance.now() - beganMs).trim()
  return { text, indent: indentOf(item), elapsed, done: tookMs !== undefined }
}

function tookText(ms: number | undefined): string {
  return ms === undefined ? '' : ` (${formatDuration(ms)})`
}
