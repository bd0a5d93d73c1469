import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { Cluster, explainApiError, orAbsent } from '../../kube/cluster.ts'
import type { Undo } from '../../model/journal.ts'
import type { TargetDescription } from '../../model/target.ts'
import { randomLetters } from '../../std/ids.ts'
import { readNdjson } from '../../std/ndjson.ts'
import { poll, WaitTimeoutError, within } from '../../std/poll.ts'
import { processesWithEnv } from '../../std/process-identity.ts'
import { labTarget } from '../../targets/lab.ts'
import type { StartedTarget } from '../../targets/target.ts'
import { pendingOf, readJournal } from '../journal.ts'
import { compareProjections, settledLeaks, takeProjection } from '../leaks.ts'
import type { Projection } from '../records.ts'
import { withoutReplacements } from '../replacements.ts'
import { RUN_FILES } from '../run.ts'
import { RUN_DIR_VARIABLE } from '../worker.ts'
import {
  CRASH_AT,
  CRASH_DEFECT,
  CRASH_STEPS_FILE,
  crashStepSchema,
  OBSERVED,
} from './crash-hook.ts'
import type { CrashDefect, CrashStep } from './crash-hook.ts'
import type { CrashFaultName } from './crash-faults.ts'
import { deployProbeSet, NAMESPACE, SET } from './probe-set.ts'
import { type ProbeData, ProbeSetData } from './probe-data.ts'

/** How what a dead run left is undone. */
export const RECOVERIES = ['cleanup', 'next-run', 'cleanup-killed'] as const
export type Recovery = (typeof RECOVERIES)[number]

export interface CrashCase {
  readonly fault: CrashFaultName
  /** Counted from 1; beyond the last one the run goes to its end. */
  readonly step: number | typeof OBSERVED
  readonly recovery: Recovery
  readonly defect?: CrashDefect
}

export interface CrashOutcome {
  /** The step that the run was killed at; undefined when it came to its end before. */
  readonly killedAt: CrashStep | undefined
  /** Which undos were due after the kill. */
  readonly due: readonly Undo['kind'][]
  /** What is not as it should be, a sentence each; empty: passed. */
  readonly problems: readonly string[]
  readonly elapsedMs: number
  /** Of this from the kill until everything is as before, seen from here. */
  readonly recoveryMs: number
}

const MAIN = join(import.meta.dirname, '../../cli/main.ts')
const SUPERVISE = join(import.meta.dirname, 'supervise.ts')
const PRELOAD = join(import.meta.dirname, 'crash-preload.ts')

/** How a process ended, and all that it said. */
interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
}

/**
 * A lab with short timers on which supervisors are killed; it belongs to this process, or stood
 * before, so that it outlives them. On it stands a small StatefulSet with data on EBS volumes.
 */
export class CrashBench implements AsyncDisposable {
  readonly #name: string
  readonly #started: StartedTarget
  readonly #cluster: Cluster
  readonly #out: string
  readonly #data: ProbeSetData

  /**
   * @param out folder for the runs' folders; those of cases that fail stay
   * @param pods how many of the set's three there are: a volume whose instance was terminated is
   *   let go of after six minutes, so who has no time keeps a zone free of them
   */
  static async start(name: string, out: string, pods = 3): Promise<CrashBench> {
    const target = labTarget({ namespace: NAMESPACE, keep: false, name, timers: 'short' })
    const { signal } = new AbortController()
    const started = await target.start({ onStep: () => undefined, signal })
    try {
      const { kubeconfig, context } = started.description
      const cluster = await Cluster.connect({ kubeconfig, context })
      const there = cluster.apps.readNamespacedStatefulSet({ name: SET, namespace: NAMESPACE })
      if (!(await orAbsent(there))) await deployProbeSet(cluster)
      await cluster.apps.patchNamespacedStatefulSetScale(
        { name: SET, namespace: NAMESPACE, body: { spec: { replicas: pods } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      )
      await mkdir(out, { recursive: true })
      return new CrashBench(name, started, cluster, out, await ProbeSetData.write(cluster, pods))
    } catch (error) {
      await started.stop()
      throw error
    }
  }

  private constructor(
    name: string,
    started: StartedTarget,
    cluster: Cluster,
    out: string,
    data: ProbeSetData,
  ) {
    this.#name = name
    this.#started = started
    this.#cluster = cluster
    this.#out = out
    this.#data = data
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started.stop()
  }

  /** Kills one run at one step, has what it left undone, and looks whether all is as before. */
  async run(one: CrashCase): Promise<CrashOutcome> {
    const beganMs = performance.now()
    const data = await this.#data.fresh()
    const before = await this.#look()
    const killed = await this.#supervise([`crash/crash/${one.fault}-is-taken-back`], {
      [CRASH_AT]: String(one.step),
      ...(one.defect === undefined ? {} : { [CRASH_DEFECT]: one.defect }),
    })
    const [runId] = await this.#runs()
    if (runId === undefined) throw new Error(`The run left no folder: ${killed.output}`)
    const dir = join(this.#out, runId)
    const steps = readNdjson(join(dir, CRASH_STEPS_FILE), (line) => crashStepSchema.parse(line))
    const killedAt =
      killed.signal === 'SIGKILL'
        ? steps.records.find(({ step, text }) => step === one.step || text === one.step)
        : undefined
    const due = pendingOf(readJournal(join(dir, RUN_FILES.journal))).map(({ undo }) => undo.kind)
    const killedMs = performance.now()
    const problems = killedAt
      ? [...(await livesOn(dir)), ...(await this.#recover(runId, one.recovery))]
      : endedByItself(dir, killed, steps.records.length)
    problems.push(...(await this.#differences(before, dir, data, problems.length > 0)))
    const recoveryMs = performance.now() - killedMs
    if (problems.length === 0) {
      for (const id of await this.#runs()) await rm(join(this.#out, id), { recursive: true })
    } else {
      problems.push(`Its folder is in ${await this.#setAside(one)}.`)
    }
    return { killedAt, due, problems, elapsedMs: performance.now() - beganMs, recoveryMs }
  }

  /** @returns what went wrong */
  async #recover(runId: string, recovery: Recovery): Promise<string[]> {
    const cleanup = [MAIN, 'cleanup', '--run', runId, '--out', this.#out]
    switch (recovery) {
      case 'next-run': {
        const next = await this.#supervise(['crash/crash/nothing-happens'])
        return next.code === 0 && next.output.includes(`Run ${runId}: `)
          ? []
          : [`The next run ended with ${next.code}: ${next.output}`]
      }
      case 'cleanup-killed': {
        // Where nothing is due it ends by itself.
        const first = await ended(['--import', PRELOAD, ...cleanup], { [CRASH_AT]: '1' })
        if (first.signal === null) return badEnd('The first zonefall cleanup', first)
        return badEnd('The second zonefall cleanup', await ended(cleanup))
      }
      case 'cleanup':
        return badEnd('zonefall cleanup', await ended(cleanup))
      default:
        return recovery satisfies never
    }
  }

  /**
   * What differs from before, by the leak list and in the set's pods, volumes and rows. Where the
   * recovery failed nothing is waited for: it would not come.
   */
  async #differences(
    before: Projection,
    dir: string,
    data: ProbeData,
    isHopeless: boolean,
  ): Promise<string[]> {
    const replaced = readJournal(join(dir, RUN_FILES.journal)).flatMap((entry) =>
      entry.step === 'intent' && entry.undo.kind === 'await-replacement' ? entry.undo : [],
    )
    const look = async () => withoutReplacements(before, await this.#look(), replaced)
    if (isHopeless) return compareProjections(before, await look())
    try {
      const differences = await this.#data.differences(data)
      return [...differences, ...(await settledLeaks(before, look, () => true))]
    } catch (error) {
      return [`The probe set is not back: ${explainApiError(error)}`]
    }
  }

  #look(): Promise<Projection> {
    const target: TargetDescription = this.#started.description
    return takeProjection({ cluster: this.#cluster, target, runId: '', ownsNamespace: true })
  }

  #supervise(filters: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return ended([SUPERVISE, 'lab', this.#name, NAMESPACE, this.#out, '{}', ...filters], env)
  }

  async #runs(): Promise<string[]> {
    return (await readdir(this.#out)).filter((name) => /^\d/.test(name)).toSorted()
  }

  /** Moves the runs' folders where no later run finds them to undo. */
  async #setAside({ fault, step }: CrashCase): Promise<string> {
    const folder = join(this.#out, `failed-${fault}-${step}-${randomLetters(4)}`)
    await mkdir(folder)
    for (const id of await this.#runs()) await rename(join(this.#out, id), join(folder, id))
    return folder
  }
}

/** Runs a script of the project in a process of its own, within the budget of a whole scenario. */
async function ended(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    await within(
      { what: `the end of ${args.join(' ')}`, budget: 'healScenario' },
      (signal) => once(child, 'close', { signal }),
      () => output.slice(-2000),
    )
  } finally {
    child.kill('SIGKILL')
  }
  return { code: child.exitCode, signal: child.signalCode, output }
}

/** Processes of a run that are there though its supervisor is not. */
async function livesOn(dir: string): Promise<string[]> {
  try {
    await poll({ what: 'the workers to end', budget: 'workerStops', intervalMs: 50 }, () => {
      const left = processesWithEnv(RUN_DIR_VARIABLE, dir)
      return left.length === 0 ? { done: true, value: true } : { done: false, seen: left }
    })
    return []
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    return [`Processes ${String(error.lastSeen)} of the run outlive its supervisor.`]
  }
}

/**
 * A run that was not killed has to have passed, and to have come to a step before and after each
 * line of its journal: else the crash test would look at less than there is.
 */
function endedByItself(dir: string, end: Ended, steps: number): string[] {
  const journal = readJournal(join(dir, RUN_FILES.journal))
  const intents = journal.filter(({ step }) => step === 'intent').length
  const expected = intents + 2 * (journal.length - intents) + 1
  return [
    ...badEnd('The run that was not killed', end),
    ...(intents > 0 && steps === expected
      ? []
      : [
          `The run came to ${steps} steps, and its journal of ${journal.length} lines has ${expected}.`,
        ]),
  ]
}

function badEnd(what: string, { code, signal, output }: Ended): string[] {
  return code === 0 ? [] : [`${what} ended with ${signal ?? code}: ${output.trim()}`]
}
