import { readdir, readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { explainApiError } from '../kube/cluster.ts'
import { CleanupError } from '../model/errors.ts'
import type { RunSummary } from '../model/summary.ts'
import { writeReports } from '../report/write.ts'
import { isCausedByErrno } from '../std/errno.ts'
import { isLocked, tryLock } from '../std/lock-file.ts'
import { isAlive } from '../std/process-identity.ts'
import { describeCluster } from '../targets/describe.ts'
import { cleanUp } from './clean-up.ts'
import { filesBelow } from './collect-logs.ts'
import { decideExit } from './exit-code.ts'
import { Journal, pendingOf, readJournal } from './journal.ts'
import { type RunFile, runFileSchema } from './records.ts'
import { assembleResults } from './results.ts'
import { openRun, RUN_FILES } from './run.ts'
import { killProcessesOfRun } from './worker.ts'

/** A run that ended without undoing everything. */
export interface InterruptedRun {
  readonly dir: string
  readonly file: RunFile
  /** `died`: no report was written. `left`: it reported that something could not be undone. */
  readonly state: 'died' | 'left' | 'kept'
  /** How many changes are still due to be undone. */
  readonly due: number
}

/** What became of one such run. */
export interface Recovery {
  readonly run: InterruptedRun
  readonly outcome: 'undone' | 'gone' | 'unreachable' | 'busy' | 'failed'
  /** One sentence. */
  readonly text: string
}

/** Runs below a folder whose supervisor is gone and whose changes are not all undone. */
export async function findInterruptedRuns(out: string): Promise<InterruptedRun[]> {
  const found: InterruptedRun[] = []
  for (const entry of await readdir(out, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue
    const dir = join(out, entry.name)
    const file = await readRunFileIfAny(dir)
    if (!file || isAlive(file.supervisor)) continue
    const due = pendingOf(readJournal(join(dir, RUN_FILES.journal))).length
    const hasReport = existsSync(join(dir, RUN_FILES.report))
    if (hasReport && due === 0) continue
    const state = hasReport ? (file.options.keep ? 'kept' : 'left') : 'died'
    found.push({ dir, file, state, due })
  }
  return found.toSorted((a, b) => b.file.runId.localeCompare(a.file.runId))
}

/**
 * Undoes what an interrupted run left, unless its cluster is gone, and writes its report if it has
 * none. Never throws: what could not be done is in the outcome.
 */
export async function recoverRun(
  run: InterruptedRun,
  options: { readonly holdsLockOf?: string; readonly signal?: AbortSignal } = {},
): Promise<Recovery> {
  const { lockKey, runId } = run.file
  const lock =
    options.holdsLockOf === lockKey ? undefined : await tryLock(lockKey, `clean-up of ${runId}`)
  if (lock && !isLocked(lock)) {
    return { run, outcome: 'busy', text: `Run ${runId} waits: ${lock.what} uses its target.` }
  }
  try {
    return await recoverLocked(run, options.signal)
  } catch (error) {
    return { run, outcome: 'failed', text: `Run ${runId}: ${explainApiError(error)}` }
  } finally {
    await lock?.release()
  }
}

async function recoverLocked(run: InterruptedRun, signal?: AbortSignal): Promise<Recovery> {
  const { dir, file } = run
  const { runId, target } = file
  await killProcessesOfRun(dir)
  const presence = await lookFor(file)
  if (presence.state === 'unreachable') {
    return {
      run,
      outcome: 'unreachable',
      text: `Run ${runId} left ${run.due} changes on a cluster that can't be asked: ${presence.why}`,
    }
  }
  if (presence.state === 'gone') {
    // Its cluster went and took everything with it, its kubeconfig perhaps too.
    const journal = new Journal(join(dir, RUN_FILES.journal))
    for (const { id } of journal.pending()) journal.undone(id)
    journal.close()
    await report(run, { undoErrors: [], leaks: [] })
    return { run, outcome: 'gone', text: `Run ${runId} left nothing: its ${target.kind} is gone.` }
  }
  const opened = await openRun(dir, 'supervisor')
  try {
    const result = await cleanUp(opened, { keep: false, ...(signal ? { signal } : {}) })
    await report(run, result)
    const errors = [...result.undoErrors, ...result.leaks]
    if (errors.length > 0) {
      throw new CleanupError(errors.join(' '), { hint: 'npx zonefall cleanup tries again.' })
    }
    return { run, outcome: 'undone', text: `Run ${runId}: ${run.due} changes were undone.` }
  } finally {
    opened.close()
  }
}

/** Whether the cluster of a run is still there, and still the same. */
async function lookFor(
  file: RunFile,
): Promise<{ state: 'there' | 'gone' } | { state: 'unreachable'; why: string }> {
  const { kubeconfig, context, kind } = file.target
  try {
    const { clusterUid } = await describeCluster(kubeconfig, context)
    if (clusterUid === file.clusterUid) return { state: 'there' }
    return kind === 'lab'
      ? { state: 'gone' }
      : { state: 'unreachable', why: `context ${context} leads to another cluster now.` }
  } catch (error) {
    // A lab ends with its daemon, which listens for it; one that is slow to answer is there.
    const isGone = ['ECONNREFUSED', 'ENOENT'].some((code) => isCausedByErrno(error, code))
    return kind === 'lab' && isGone
      ? { state: 'gone' }
      : { state: 'unreachable', why: explainApiError(error) }
  }
}

async function report(
  { dir, file, state }: InterruptedRun,
  cleaned: { readonly undoErrors: readonly string[]; readonly leaks: readonly string[] },
): Promise<void> {
  if (state !== 'died') return
  const results = assembleResults(
    dir,
    file,
    file.options.require,
    'the supervisor was killed before it could report',
  )
  const ending = { results, ...cleaned, harnessErrors: ['The supervisor was killed.'] }
  const lastMs = Math.max(
    0,
    ...results.map(({ startedAtMs, durationMs }) => startedAtMs + durationMs),
  )
  const summary: RunSummary = {
    runId: file.runId,
    startedAt: file.startedAt,
    durationMs: lastMs,
    target: file.target,
    seed: file.seed,
    ...(file.options.sabotage === undefined ? {} : { sabotage: file.options.sabotage }),
    tier: file.options.tier,
    ...ending,
    ...decideExit(ending),
    timelineFile: RUN_FILES.timeline,
    journalFile: RUN_FILES.journal,
    logFiles: await filesBelow(join(dir, RUN_FILES.logs), dir),
  }
  await writeReports(dir, summary, { latest: false })
}

async function readRunFileIfAny(dir: string): Promise<RunFile | undefined> {
  try {
    return runFileSchema.parse(JSON.parse(await readFile(join(dir, RUN_FILES.run), 'utf8')))
  } catch {
    return undefined
  }
}
