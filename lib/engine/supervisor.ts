import { join } from 'node:path'
import { Cluster, explainApiError, orAbsent } from '../kube/cluster.ts'
import { PreflightError } from '../model/errors.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import type { RunSummary } from '../model/summary.ts'
import type { Reporter } from '../report/terminal.ts'
import { pointLatestAt, writeReports } from '../report/write.ts'
import { newRunId } from '../std/ids.ts'
import { isLocked, type LockFile, tryLock } from '../std/lock-file.ts'
import { observeWaits, within } from '../std/poll.ts'
import { identify } from '../std/process-identity.ts'
import type { StartedTarget, StepEvent, Target } from '../targets/target.ts'
import { cleanUp, type CleanUpResult, ensureNamespace } from './clean-up.ts'
import { unmetNeeds } from './conduct.ts'
import { collectCluster, copyLogs, filesBelow } from './collect-logs.ts'
import { decideExit } from './exit-code.ts'
import { refuseMissingSecrets } from './find-secrets.ts'
import { howManyAtOnce } from './how-many-at-once.ts'
import { InterruptedError, type Interrupts } from './interrupts.ts'
import { takeProjection } from './leaks.ts'
import { LiveFeed } from './live-feed.ts'
import { machineFacts } from './machine-facts.ts'
import { clearForRun } from './preflight/for-run.ts'
import { recordCluster } from './record-cluster.ts'
import type { RunOptions } from './records.ts'
import { findInterruptedRuns, recoverRun } from './recover.ts'
import { assembleResults, withoutResult } from './results.ts'
import { createRun, type Run, RUN_FILES } from './run.ts'
import { namespacesOf, planStages } from './stages.ts'
import type { NewTimelineEvent } from './timeline.ts'
import { ScenarioWorker, type WorkerEnd } from './worker.ts'

export interface SuperviseOptions {
  readonly target: Target
  /** The scenarios to run, in order; at least one. */
  readonly selected: readonly ScenarioInfo[]
  /** All scenarios that there are. */
  readonly known: readonly ScenarioInfo[]
  readonly options: RunOptions
  readonly seed: string
  /** Folder for runs' folders. */
  readonly out: string
  readonly reporter: Reporter
  readonly interrupts: Interrupts
  /** Folder that holds `scenarios/`; for tests. */
  readonly root?: string
}

export interface SuperviseResult {
  readonly dir: string
  readonly summary: RunSummary
}

/**
 * A run from its start to its report: locks the target, undoes what dead runs left, brings the
 * target up, lets vitest run the scenarios, and when that ends, by whatever cause, undoes what is
 * left, compares the leak list and writes the reports.
 *
 * @throws PreflightError or LabError before anything was touched; InterruptedError when that is
 *   how it ended before the first scenario, or at the second interrupt.
 */
export async function superviseRun(options: SuperviseOptions): Promise<SuperviseResult> {
  const { target, interrupts, reporter } = options
  const startedAtEpochMs = performance.timeOrigin + performance.now()
  const runId = newRunId(new Date(startedAtEpochMs))
  const lock = await lockTarget(target, runId)
  // What happens before the run has a folder is written down as soon as it has one.
  const early: NewTimelineEvent[] = []
  const nowMs = (): number =>
    Math.round((performance.timeOrigin + performance.now() - startedAtEpochMs) * 10) / 10
  observeWaits({ emit: (event) => void early.push({ atMs: nowMs(), ...event }) })
  const onStep = (event: StepEvent): void => {
    reporter.step(event)
    early.push({ atMs: nowMs(), ...asTimelineEvent(event) })
  }
  try {
    await recoverOthers(options)
    interrupts.first.throwIfAborted()
    const started = await target.start({ onStep, signal: interrupts.first })
    try {
      const cleared = await clearForRun(target, started, options, {
        onStep,
        note: (text) => void early.push({ atMs: nowMs(), kind: 'preflight.note', text }),
      })
      const run = await openNewRun(options, cleared, runId, startedAtEpochMs)
      for (const event of early) run.timeline.emit(event)
      try {
        return await conductRun(run, options, cleared)
      } finally {
        run.close()
      }
    } finally {
      await started.stop()
    }
  } finally {
    observeWaits(undefined)
    await lock.release()
  }
}

async function lockTarget(target: Target, runId: string): Promise<LockFile> {
  const lock = await tryLock(target.lockKey, `run ${runId}`)
  if (isLocked(lock)) return lock
  throw new PreflightError(
    `Another run is using this target: ${lock.what}, process ${lock.holder.pid}, since ${lock.since}.`,
    { hint: `Wait for it, or stop it with: kill -INT ${lock.holder.pid}` },
  )
}

async function recoverOthers({ out, reporter, target, interrupts }: SuperviseOptions) {
  for (const run of await findInterruptedRuns(out)) {
    if (run.state === 'kept' || run.file.lockKey !== target.lockKey) continue
    const { text, outcome } = await recoverRun(run, {
      holdsLockOf: target.lockKey,
      // The first interrupt asks for an orderly end, and undoing is a part of it.
      signal: interrupts.second,
    })
    reporter.message(text)
    interrupts.first.throwIfAborted()
    if (outcome === 'unreachable') {
      throw new PreflightError(text, {
        hint:
          target.kind === 'lab'
            ? 'Try again, or take that lab down with all it holds: npx zonefall lab down'
            : `When it answers again: npx zonefall cleanup --run ${run.file.runId}`,
      })
    }
    if (outcome === 'failed') {
      throw new PreflightError(`An earlier run left something that could not be undone. ${text}`, {
        hint: 'npx zonefall cleanup tries again.',
      })
    }
  }
}

async function openNewRun(
  options: SuperviseOptions,
  started: StartedTarget,
  runId: string,
  startedAtEpochMs: number,
): Promise<Run> {
  const { description } = started
  const target =
    description.namespace === AUTO_NAMESPACE
      ? { ...description, namespace: `zonefall-${runId}` }
      : description
  const { kubeconfig, context, namespace } = target
  const supervisor = identify()
  if (!supervisor) throw new PreflightError('zonefall needs /proc, which only Linux has.')
  const cluster = await Cluster.connect({ kubeconfig, context })
  const existing = await orAbsent(cluster.core.readNamespace({ name: namespace }))
  const running = options.selected.filter((info) => unmetNeeds(info, target).length === 0)
  await refuseMissingSecrets(cluster, namespace, { ...options.options, selected: running })
  const before = await takeProjection({ cluster, target, runId, ownsNamespace: !existing })
  const parallel = await howManyAtOnce(cluster, options.selected, {
    run: options.options,
    zones: target.zones,
    mayMakeNamespaces: target.kind === 'lab' || !existing,
    isLab: target.kind === 'lab',
  })
  const dir = join(options.out, runId)
  return createRun(dir, {
    format: 1,
    runId,
    startedAt: new Date(startedAtEpochMs).toISOString(),
    startedAtEpochMs,
    seed: options.seed,
    target,
    options: options.options,
    selected: [...options.selected],
    stages: planStages(options.selected, { parallel, namespace, runId }),
    supervisor,
    clusterUid: started.clusterUid,
    lockKey: options.target.lockKey,
    before,
  })
}

/** Stands for a namespace of the run's own, whose name needs the run's id. */
export const AUTO_NAMESPACE = '<run>'

async function conductRun(
  run: Run,
  options: SuperviseOptions,
  started: StartedTarget,
): Promise<SuperviseResult> {
  const { interrupts, reporter } = options
  const { first, second } = interrupts
  const harnessErrors: string[] = []
  const attempt = async <T>(what: string, fn: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await fn()
    } catch (error) {
      harnessErrors.push(`${what}: ${explainApiError(error)}`)
      return undefined
    }
  }

  await attempt('The link to the newest run could not be made', () => pointLatestAt(run.dir))
  const namespaces = namespacesOf(run.stages)
  const prepared = await attempt('The namespace could not be made', async () => {
    for (const namespace of namespaces) await ensureNamespace(run, namespace)
    return true
  })
  const recording = await recordCluster(run, first)
  const end =
    prepared && !first.aborted
      ? await attempt('vitest could not be run', () => runScenarios(run, options))
      : undefined

  const whyMissing = explainEnd(end, interrupts)
  const missing = withoutResult(run.dir, run.selected)
  if (missing.length > 0 && !first.aborted && end?.signal === null) {
    harnessErrors.push(
      `${missing.length} of ${run.selected.length} scenarios have no result: ${whyMissing}`,
    )
  }
  if (missing.length > 0 && !second.aborted) {
    await attempt('Logs could not be collected', async () => {
      const { cluster, target, dir } = run
      await within(
        { what: 'logs and state of the cluster', budget: 'collect', signal: second },
        () =>
          Promise.all(
            namespaces.map((namespace) => {
              const folder = namespace === target.namespace ? 'cluster' : namespace
              return collectCluster(cluster, namespace, join(dir, RUN_FILES.logs, folder))
            }),
          ),
      )
    })
  }
  const cleaned = await cleanUpVisibly(run, options)
  await recording[Symbol.asyncDispose]()
  if (second.aborted) throw stoppedAtOnce(run, started, interrupts)
  const { logsDir } = started
  if (logsDir !== undefined) {
    await attempt('The logs of the lab could not be copied', () =>
      copyLogs(logsDir, join(run.dir, RUN_FILES.logs, 'lab')),
    )
  }
  await attempt('The target could not be stopped', () =>
    visibly(reporter, run, 'target.down', 'Stop the target', () => started.stop()),
  )

  const results = assembleResults(run.dir, run, run.options.require, whyMissing)
  const interruptedBy = interrupts.reason
  const ending = {
    results,
    ...cleaned,
    harnessErrors,
    ...(interruptedBy === undefined ? {} : { interruptedBy }),
  }
  const summarize = async (): Promise<RunSummary> => ({
    runId: run.id,
    startedAt: new Date(run.startedAtEpochMs).toISOString(),
    durationMs: Math.round(run.timeline.nowMs()),
    machine: machineFacts(),
    target: run.target,
    seed: run.seed,
    ...(run.options.sabotage === undefined ? {} : { sabotage: run.options.sabotage }),
    tier: run.options.tier,
    ...ending,
    ...decideExit(ending),
    timelineFile: RUN_FILES.timeline,
    journalFile: RUN_FILES.journal,
    logFiles: await filesBelow(join(run.dir, RUN_FILES.logs), run.dir),
  })
  run.timeline.emit({ kind: 'run.end', text: decideExit(ending).verdictText })
  let summary = await summarize()
  try {
    await writeReports(run.dir, summary)
  } catch (error) {
    // The verdict is still told on the screen, and the exit code says that the report is not there.
    harnessErrors.push(`The reports could not be written: ${explainApiError(error)}`)
    summary = await summarize()
  }
  return { dir: run.dir, summary }
}

async function runScenarios(run: Run, options: SuperviseOptions): Promise<WorkerEnd> {
  const { reporter, interrupts, selected, known, root } = options
  const feed = new LiveFeed(run.dir, selected, reporter).start()
  const { timeLimitMs } = run.options
  const limit =
    timeLimitMs === undefined
      ? undefined
      : setTimeout(() => interrupts.interrupt('time-limit'), timeLimitMs)
  const worker = new ScenarioWorker({
    dir: run.dir,
    selected,
    known,
    ...(root === undefined ? {} : { root }),
  })
  const { promise: interrupted, resolve } = Promise.withResolvers<undefined>()
  interrupts.first.addEventListener('abort', () => resolve(undefined), { once: true })
  if (interrupts.first.aborted) resolve(undefined)
  try {
    const end = await Promise.race([worker.ended, interrupted])
    // Also after an end by itself: a worker may outlive its vitest, and would change things.
    await worker.stop()
    return end ?? (await worker.ended)
  } finally {
    clearTimeout(limit)
    feed.stop()
  }
}

async function cleanUpVisibly(run: Run, options: SuperviseOptions): Promise<CleanUpResult> {
  const { reporter, interrupts } = options
  const { keep } = run.options
  try {
    return await visibly(reporter, run, 'cleanup', 'Undo what is left, and look for leaks', () =>
      cleanUp(run, { keep, signal: interrupts.second }),
    )
  } catch (error) {
    return { undoErrors: [`The clean-up broke: ${explainApiError(error)}`], leaks: [] }
  }
}

/** Shows a step on the screen and writes it to the timeline. */
async function visibly<T>(
  reporter: Reporter,
  run: Run,
  id: string,
  text: string,
  fn: () => Promise<T>,
): Promise<T> {
  const beganMs = performance.now()
  const elapsed = () => ({ elapsedMs: Math.round(performance.now() - beganMs) })
  reporter.step({ id, text, state: 'begin' })
  try {
    const value = await run.timeline.span('step', { subject: id, text }, fn)
    reporter.step({ id, text, state: 'end', ...elapsed() })
    return value
  } catch (error) {
    reporter.step({ id, text, state: 'fail', ...elapsed() })
    throw error
  }
}

function explainEnd(end: WorkerEnd | undefined, { reason, first }: Interrupts): string {
  if (reason !== undefined) return `${new InterruptedError(reason).message}.`
  if (end === undefined) return first.aborted ? 'interrupted.' : 'vitest did not start.'
  const how =
    end.signal === null ? `ended with exit code ${end.code}` : `was killed by ${end.signal}`
  return `the worker died: vitest ${how}; see logs/vitest.log.`
}

function stoppedAtOnce(run: Run, started: StartedTarget, { reason }: Interrupts): Error {
  const rest = started.owned
    ? 'The lab is taken down, so nothing is left.'
    : `${run.journal.pending().length} changes are not undone: npx zonefall cleanup --run ${run.id}`
  return new InterruptedError(reason ?? 'SIGINT', `Stopped at once. ${rest}`)
}

function asTimelineEvent({ id, text, state, elapsedMs }: StepEvent): NewTimelineEvent {
  return {
    source: 'lab',
    kind: state === 'begin' ? 'step.begin' : 'step.end',
    subject: id,
    text,
    data: {
      span: id,
      ...(state === 'begin' ? {} : { ok: state === 'end' }),
      ...(elapsedMs === undefined ? {} : { durationMs: elapsedMs }),
    },
  }
}
