import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { ScenarioInfo } from '../model/scenario.ts'
import { poll } from '../std/poll.ts'
import { processesWithEnv } from '../std/process-identity.ts'
import { PROJECT_ROOT } from './collect.ts'
import { RUN_FILES } from './run.ts'

/** How vitest ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface WorkerOptions {
  /** The run's folder. */
  readonly dir: string
  readonly selected: readonly ScenarioInfo[]
  /** Every scenario of the chosen files, to see whether only some of a file's were chosen. */
  readonly known: readonly ScenarioInfo[]
  /** Folder that holds `scenarios/`. */
  readonly root?: string
}

/** Environment variable by which the processes of a run are known. */
export const RUN_DIR_VARIABLE = 'ZONEFALL_RUN_DIR'

/**
 * vitest as the supervisor's child. It has a process group of its own, so that a Ctrl-C on the
 * terminal reaches the supervisor alone, and its output goes to a file, so that no pipe fills up.
 */
export class ScenarioWorker {
  readonly logFile: string
  /** Resolves when vitest has ended, however. */
  readonly ended: Promise<WorkerEnd>
  readonly #child: ChildProcess
  readonly #dir: string

  constructor(options: WorkerOptions) {
    this.#dir = options.dir
    this.logFile = join(options.dir, RUN_FILES.logs, 'vitest.log')
    const log = openSync(this.logFile, 'a')
    try {
      this.#child = spawn(process.execPath, vitestArguments(options), {
        cwd: options.root ?? PROJECT_ROOT,
        env: {
          // vitest and the clients are compiled once, not with every run.
          NODE_COMPILE_CACHE: join(PROJECT_ROOT, 'node_modules/.cache/zonefall'),
          ...cleanEnvironment(),
          [RUN_DIR_VARIABLE]: options.dir,
          NO_COLOR: '1',
        },
        stdio: ['ignore', log, log],
        detached: true,
      })
    } finally {
      closeSync(log)
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }))
      this.#child.once('error', reject)
    })
    // Whoever awaits it later gets the error; until then it is not unhandled.
    this.ended.catch(() => undefined)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /**
   * Kills vitest and its workers and waits until none is left, so that nobody changes the cluster
   * while the supervisor undoes. SIGKILL at once: they hold nothing that is not in the journal.
   */
  async stop(): Promise<void> {
    killGroup(this.#child.pid)
    await killProcessesOfRun(this.#dir)
  }
}

/** Kills what is left of a run's workers, here or of a supervisor that died, and sees them gone. */
export async function killProcessesOfRun(dir: string): Promise<void> {
  await poll(
    {
      what: `the workers of ${dir} to end`,
      owner: 'supervisor',
      budget: 'workerStops',
      intervalMs: 50,
    },
    () => {
      const left = processesWithEnv(RUN_DIR_VARIABLE, dir)
      for (const pid of left) kill(pid)
      return left.length === 0 ? { done: true, value: true } : { done: false, seen: { pids: left } }
    },
  )
}

function vitestArguments({ selected, known, root = PROJECT_ROOT }: WorkerOptions): string[] {
  const files = [...new Set(selected.map(({ file }) => file))]
  const ids = new Set(selected.map(({ id }) => id))
  const isPart = known.some(({ id, file }) => files.includes(file) && !ids.has(id))
  const claims = selected.map(({ claim }) => claim.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return [
    join(PROJECT_ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    join(import.meta.dirname, 'vitest.scenarios.config.ts'),
    '--root',
    root,
    // The name may have those of its groups before it.
    ...(isPart ? ['--testNamePattern', `(^|\\s)(${claims.join('|')})$`] : []),
    // Absolute, because they are relative to the project, which need not be vitest's root.
    ...files.map((file) => join(PROJECT_ROOT, file)),
  ]
}

/** Without what an outer vitest or Node tells its own children. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(VITEST|TEST$|NODE_ENV$|NODE_OPTIONS$|NODE_CHANNEL|FORCE_COLOR$)/.test(name),
    ),
  )
}

function killGroup(pid: number | undefined): void {
  if (pid !== undefined) kill(-pid)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has gone by itself.
  }
}
