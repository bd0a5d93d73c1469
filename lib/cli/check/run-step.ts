import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { type Counts, NONE, readVitestCounts } from './counts.ts'
import { type CheckStep, stepFile } from './steps.ts'

/** What became of a step. */
export interface StepResult {
  readonly counts: Counts
  readonly durationMs: number
  /** Why it was skipped, or failed in another way than by its own judgement. */
  readonly reason?: string
  /** Names of single tests that were skipped. */
  readonly skippedTests: readonly string[]
  /** The end of its output, when it failed. */
  readonly tail: readonly string[]
}

const TAIL_LINES = 80
const STOP_MS = 10_000

/**
 * Runs one step in a process group of its own, with its output in `reports/check/<step>.log`. When
 * the signal is aborted, or its time is over, the group is asked to end and then made to.
 */
export async function runStep(
  root: string,
  step: CheckStep,
  signal: AbortSignal,
): Promise<StepResult> {
  const skipped = step.skip?.()
  if (skipped !== undefined) {
    return {
      counts: { ...NONE, skipped: 1 },
      durationMs: 0,
      reason: skipped,
      skippedTests: [],
      tail: [],
    }
  }
  const log = join(root, stepFile(step.name, 'log'))
  const json = join(root, stepFile(step.name, 'json'))
  mkdirSync(dirname(log), { recursive: true })
  // What an earlier run counted must not be taken for this one's.
  rmSync(json, { force: true })
  const startedMs = performance.now()
  const ended = await runCommand(root, step, log, signal)
  const durationMs = performance.now() - startedMs
  const { counts, skippedTests } = judge(step, json, ended.code)
  const red = counts.failed > 0
  return {
    counts,
    durationMs,
    skippedTests,
    ...(ended.reason === undefined ? {} : { reason: ended.reason }),
    tail: red ? readFileSync(log, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES) : [],
  }
}

function judge(
  step: CheckStep,
  json: string,
  code: number | null,
): { readonly counts: Counts; readonly skippedTests: readonly string[] } {
  const counts = code === 0 ? { ...NONE, passed: 1 } : { ...NONE, failed: 1 }
  if (step.counts === 'step') return { counts, skippedTests: [] }
  const { skippedTests, ...tests } = readVitestCounts(json)
  // Without a test nothing was proven; and vitest may fail beside its tests (an unhandled error).
  const unproven = tests.passed + tests.failed === 0 || (code !== 0 && tests.failed === 0)
  return { counts: unproven ? { ...tests, failed: tests.failed + 1 } : tests, skippedTests }
}

async function runCommand(
  root: string,
  step: CheckStep,
  log: string,
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly reason?: string }> {
  const [program, ...args] = step.command
  const output = openSync(log, 'w')
  const bin = join(root, 'node_modules/.bin')
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', output, output],
    detached: true,
    env: { ...process.env, NO_COLOR: '1', PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
  })
  closeSync(output)
  const exited = once(child, 'exit')
  const stop = new AbortController()
  const limit = setTimeout(() => stop.abort(), step.limitMs)
  const onStop = (): void => killGroup(child.pid)
  for (const each of [signal, stop.signal]) each.addEventListener('abort', onStop, { once: true })
  if (signal.aborted) onStop()
  try {
    await exited
    const code = child.exitCode
    if (stop.signal.aborted)
      return { code: 1, reason: `not done after ${step.limitMs / 60_000} min` }
    if (signal.aborted) return { code: 1, reason: 'interrupted' }
    return code === null ? { code, reason: `ended by ${child.signalCode ?? 'a signal'}` } : { code }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { code: 1, reason: `${program} could not be started (run npm ci): ${why}` }
  } finally {
    clearTimeout(limit)
    signal.removeEventListener('abort', onStop)
  }
}

/** SIGTERM to all of the group, and SIGKILL to what is left of it after a while. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  const send = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name)
    } catch {
      // Nothing of the group is left.
    }
  }
  send('SIGTERM')
  setTimeout(() => send('SIGKILL'), STOP_MS).unref()
}
