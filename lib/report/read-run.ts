import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'
import { PreflightError } from '../model/errors.ts'
import { dueChanges } from '../model/journal.ts'
import type { ScenarioResult } from '../model/scenario.ts'
import { scenariosBeside } from '../model/stage.ts'
import type { RunSummary } from '../model/summary.ts'
import { isAlive } from '../std/process-identity.ts'
import { missingResult } from './missing-result.ts'
import { readNumbers } from './read-numbers.ts'
import {
  journalSchema,
  readLines,
  readTimeline,
  resultSchema,
  runFileSchema,
  summarySchema,
} from './records.ts'

type RunFile = z.infer<typeof runFileSchema>

/** A past run, or one that is still going on. */
export interface PastRun {
  readonly summary: RunSummary
  /** `killed`: the summary was put together from what the run had written until then. */
  readonly state: 'finished' | 'running' | 'killed'
}

/**
 * Reads a run from its folder: from `report.json`, or when that is missing from what the processes
 * of the run left.
 *
 * @throws PreflightError when the folder holds neither.
 */
export async function readRun(dir: string): Promise<PastRun> {
  const summary = await readJson(join(dir, 'report.json'), summarySchema)
  if (summary !== undefined) return { summary, state: 'finished' }
  const run = await readJson(join(dir, 'run.json'), runFileSchema)
  if (run === undefined) {
    throw new PreflightError(
      `${dir} holds no run: neither its report.json nor its run.json can be read.`,
      { hint: 'List the runs with: ls reports/' },
    )
  }
  const state = isAlive(run.supervisor) ? 'running' : 'killed'
  return { summary: await rebuild(dir, run, state), state }
}

/**
 * The folder of a run by its id, by the beginning of it, or what `latest` points to; by default the
 * newest, which may be one that was killed before `latest` pointed to it.
 *
 * @throws PreflightError when there is none, or more than one.
 */
export async function findRun(reportsDir: string, name?: string): Promise<string> {
  if (name !== undefined && existsSync(join(reportsDir, name))) return join(reportsDir, name)
  const entries = await readdir(reportsDir, { withFileTypes: true }).catch(() => [])
  const all = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((run) =>
      ['run.json', 'report.json'].some((file) => existsSync(join(reportsDir, run, file))),
    )
    .toSorted()
  // Ids begin with the time.
  const found = name === undefined ? all.slice(-1) : all.filter((run) => run.startsWith(name))
  const [only] = found
  if (only !== undefined && found.length === 1) return join(reportsDir, only)
  throw new PreflightError(
    found.length === 0
      ? `There is no run${name === undefined ? '' : ` ${name}`} in ${reportsDir}.`
      : `${name} is the beginning of ${found.length} runs in ${reportsDir}: ${found.join(', ')}.`,
    { hint: all.length === 0 ? 'Make one with: npm test' : `Runs: ${all.join(', ')}` },
  )
}

async function rebuild(
  dir: string,
  run: RunFile,
  state: 'running' | 'killed',
): Promise<RunSummary> {
  const events = readTimeline(join(dir, 'timeline.ndjson'))
  const written = new Map(
    readLines(join(dir, 'results.ndjson'), resultSchema).map((result) => [result.id, result]),
  )
  const missing = run.selected.filter(({ id }) => !written.has(id))
  const why =
    state === 'running'
      ? 'the run is still going on'
      : 'the run was killed before it could write its reports'
  const undone = dueActions(join(dir, 'journal.ndjson'))
  const stillDue = `is not taken back: run npx zonefall cleanup --run ${run.runId}`
  const logs = await readdir(join(dir, 'logs'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  )
  return {
    runId: run.runId,
    startedAt: run.startedAt,
    durationMs: events.reduce((last, event) => Math.max(last, event.atMs), 0),
    target: run.target,
    seed: run.seed,
    tier: run.options.tier,
    results: [
      ...written.values(),
      ...(await Promise.all(
        missing.map((info) => {
          const beside = scenariosBeside(run.stages ?? [], run.selected, info.file)
          return cutShort(dir, missingResult(info, events, why, beside))
        }),
      )),
    ],
    leaks: [],
    undoErrors: state === 'running' ? [] : undone.map((action) => `"${action}" ${stillDue}.`),
    harnessErrors: state === 'running' ? [] : [`${why}.`],
    exitCode: state === 'running' ? 2 : undone.length > 0 ? 4 : 5,
    verdictText: `${why}; ${written.size} of ${run.selected.length} scenarios had ended`,
    timelineFile: 'timeline.ndjson',
    journalFile: 'journal.ndjson',
    logFiles: logs
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
      .toSorted(),
  }
}

/** A scenario that did not end, with what its faults did until then. */
async function cutShort(dir: string, result: ScenarioResult): Promise<ScenarioResult> {
  const { id: scenario, startedAtMs, durationMs } = result
  const of = { scenario, startedAtMs, endedAtMs: startedAtMs + durationMs }
  const numbers = await readNumbers(dir, of, [])
  return numbers.length === 0 ? result : { ...result, numbers }
}

/** What was changed, or perhaps was, and not taken back; youngest first. */
function dueActions(journal: string): string[] {
  const entries = readLines(journal, journalSchema)
  const intents = entries.filter(({ step }) => step === 'intent')
  return dueChanges(entries).map((due) => intents.find(({ id }) => id === due)?.action ?? due)
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}
