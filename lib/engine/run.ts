import { mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Cluster } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import type { Stage } from '../model/stage.ts'
import type { TargetDescription } from '../model/target.ts'
import type { TimelineEvent } from '../model/timeline.ts'
import { writeFileAtomic } from '../std/atomic-file.ts'
import { observeWaits } from '../std/poll.ts'
import { HOW_TO_RUN } from './how-to-run.ts'
import { Journal } from './journal.ts'
import { type Projection, type RunFile, runFileSchema, type RunOptions } from './records.ts'
import { placeOfFile } from './stages.ts'
import { Timeline } from './timeline.ts'

/** Names of what is in a run's folder; see docs/architecture.md for who writes what. */
export const RUN_FILES = {
  run: 'run.json',
  journal: 'journal.ndjson',
  timeline: 'timeline.ndjson',
  results: 'results.ndjson',
  report: 'report.json',
  logs: 'logs',
} as const

/** A run, as every process that takes part in it sees it. */
export interface Run {
  readonly id: string
  readonly dir: string
  readonly seed: string
  /** Milliseconds since 1970 on the supervisor's clock; the timeline's zero. */
  readonly startedAtEpochMs: number
  readonly target: TargetDescription
  /** The run's own namespace; `target` of a file may have another. */
  readonly namespace: string
  readonly options: RunOptions
  readonly selected: readonly ScenarioInfo[]
  /** Which files run when, and where; empty: one after another, in the target's namespace. */
  readonly stages: readonly Stage[]
  /** The leak list from before. */
  readonly before: Projection
  readonly journal: Journal
  readonly timeline: Timeline
  readonly cluster: Cluster
  /** Closes the files; the cluster's connections end by themselves. */
  close(): void
}

/**
 * Opens the run that this process takes part in. In a worker `dir` comes from the supervisor by
 * the environment variable ZONEFALL_RUN_DIR.
 *
 * @throws PreflightError outside a run, or when its folder holds no readable `run.json`.
 */
export async function openRun(
  dir: string | undefined = process.env['ZONEFALL_RUN_DIR'],
  source: TimelineEvent['source'] = 'scenario',
): Promise<Run> {
  if (dir === undefined || dir === '') throw new PreflightError(HOW_TO_RUN)
  return assemble(resolve(dir), await readRunFile(dir), source)
}

/** A run as the scenarios of one file see it: what they deploy goes to the file's namespace. */
export function runOfFile(run: Run, file: string): Run {
  const namespace = placeOfFile(run.stages, file)?.namespace ?? run.target.namespace
  return { ...run, target: { ...run.target, namespace } }
}

/**
 * Makes a run's folder with its `run.json`, once and for all: from here on any process can undo it.
 *
 * @throws the file system's error when the folder can't be written.
 */
export async function createRun(dir: string, file: RunFile): Promise<Run> {
  await mkdir(join(dir, RUN_FILES.logs), { recursive: true })
  // The lab's own keys are in it.
  await writeFileAtomic(join(dir, RUN_FILES.run), `${JSON.stringify(file, null, 2)}\n`, {
    mode: 0o600,
  })
  return assemble(resolve(dir), file, 'supervisor')
}

/**
 * Reads `run.json`.
 *
 * @throws PreflightError when it is absent or not of this version's form.
 */
export async function readRunFile(dir: string): Promise<RunFile> {
  try {
    return runFileSchema.parse(JSON.parse(await readFile(join(dir, RUN_FILES.run), 'utf8')))
  } catch (error) {
    throw new PreflightError(`${dir} is not the folder of a run: its run.json can't be read.`, {
      cause: error,
      hint: HOW_TO_RUN,
    })
  }
}

async function assemble(dir: string, file: RunFile, source: TimelineEvent['source']): Promise<Run> {
  const timeline = new Timeline(join(dir, RUN_FILES.timeline), file.startedAtEpochMs, source)
  observeWaits(timeline)
  const journal = new Journal(join(dir, RUN_FILES.journal))
  const { kubeconfig, context } = file.target
  return {
    id: file.runId,
    dir,
    seed: file.seed,
    startedAtEpochMs: file.startedAtEpochMs,
    target: file.target,
    namespace: file.target.namespace,
    options: file.options,
    selected: file.selected,
    stages: file.stages ?? [],
    before: file.before,
    journal,
    timeline,
    cluster: await Cluster.connect({ kubeconfig, context }),
    close: () => {
      observeWaits(undefined)
      timeline.close()
      journal.close()
    },
  }
}
