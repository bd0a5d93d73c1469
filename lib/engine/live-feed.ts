import { join } from 'node:path'
import type { ScenarioInfo, ScenarioResult } from '../model/scenario.ts'
import type { TimelineEvent } from '../model/timeline.ts'
import type { Reporter } from '../report/terminal.ts'
import { fileStem } from './collect.ts'
import { Follower } from './follow.ts'
import { eventSchema, resultSchema } from '../report/records.ts'
import { RUN_FILES } from './run.ts'

/** Spans of the workers that are worth a line on the screen. */
const SHOWN_SPANS = new Set(['step', 'deploy', 'teardown', 'heal'])

/** Tells the reporter what the workers write, as they write it. */
export class LiveFeed {
  readonly #followers: readonly Follower[]
  readonly #scenarios: ReadonlyMap<string, ScenarioInfo>
  readonly #reporter: Reporter
  /** Id of the scenario that goes on in each file, by the file's stem. */
  readonly #running = new Map<string, string>()
  /** What one look found in the two files, to be told in the order in which it happened. */
  #found: { readonly atMs: number; readonly tell: () => void }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(dir: string, scenarios: readonly ScenarioInfo[], reporter: Reporter) {
    this.#scenarios = new Map(scenarios.map((info) => [info.id, info]))
    this.#reporter = reporter
    this.#followers = [
      new Follower(join(dir, RUN_FILES.timeline), (value) => {
        const { data: event } = eventSchema.safeParse(value)
        if (event?.source !== 'scenario') return
        this.#found.push({ atMs: event.atMs, tell: () => this.#onEvent(event) })
      }),
      new Follower(join(dir, RUN_FILES.results), (value) => {
        const { data: result } = resultSchema.safeParse(value)
        if (!result) return
        const atMs = result.startedAtMs + result.durationMs
        this.#found.push({ atMs, tell: () => this.#onResult(result) })
      }),
    ]
  }

  start(everyMs = 200): this {
    this.#timer = setInterval(() => this.#look(), everyMs)
    return this
  }

  /** Tells what has been written by now, and stops. */
  stop(): void {
    clearInterval(this.#timer)
    this.#look()
  }

  #look(): void {
    for (const follower of this.#followers) follower.look()
    const found = this.#found.toSorted((a, b) => a.atMs - b.atMs)
    this.#found = []
    for (const { tell } of found) tell()
  }

  #onResult(result: ScenarioResult): void {
    this.#running.delete(fileStem(result.file))
    this.#reporter.scenarioFinished(result)
  }

  #onEvent(event: TimelineEvent): void {
    const scenario = this.#scenarios.get(event.scenario ?? '')
    if (event.kind === 'scenario.begin' && scenario) {
      this.#running.set(fileStem(scenario.file), scenario.id)
      this.#reporter.scenarioStarted(scenario)
    }
    const [, span = '', edge = ''] = /^(.+)\.(begin|end)$/.exec(event.kind) ?? []
    if (!SHOWN_SPANS.has(span)) return
    const text = event.text ?? span
    const id = typeof event.data?.['span'] === 'string' ? event.data['span'] : `${span} ${text}`
    const duration = event.data?.['durationMs']
    // What a scenario of a file deploys is told as the file's.
    const of = scenario?.id ?? this.#running.get(event.scenario ?? '')
    this.#reporter.step({
      id,
      text,
      state: edge === 'begin' ? 'begin' : event.data?.['ok'] === false ? 'fail' : 'end',
      ...(of === undefined ? {} : { scenario: of }),
      ...(typeof duration === 'number' ? { elapsedMs: duration } : {}),
    })
  }
}
