import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Aws } from '../../aws/aws.ts'
import { untilSettled } from '../../aws/settled.ts'
import { loadRequestCheck, refuseWrongRequests } from '../../aws/testing/check-request.ts'
import type { FaultContext } from '../../faults/fault.ts'
import { Cluster } from '../../kube/cluster.ts'
import type { Zone } from '../../model/target.ts'
import { newRunId } from '../../std/ids.ts'
import { describeCluster } from '../../targets/describe.ts'
import { labTarget } from '../../targets/lab.ts'
import type { StartedTarget } from '../../targets/target.ts'
import { faultContextOf } from '../fault-context.ts'
import type { PendingUndo } from '../journal.ts'
import { leakScope } from '../leak-scope.ts'
import { compareProjections, settledLeaks, takeProjection } from '../leaks.ts'
import { createRun, type Run } from '../run.ts'
import { restrictedKubeconfig, writeLabPolicy } from './restricted-access.ts'
import { undoAll } from '../undo.ts'

const MAIN = join(import.meta.dirname, '../../cli/main.ts')

/**
 * A lab with short timers and the real EC2's bad habits, and runs on it whose supervisor is dead:
 * anybody may clean up. Runs have the rights of manifests/access/ and no other, `cluster` has all,
 * and no request goes out that AWS's model doesn't know.
 */
export class FaultBench implements AsyncDisposable {
  readonly started: StartedTarget
  readonly cluster: Cluster
  readonly aws: Aws
  readonly #out: string
  readonly #name: string
  readonly #runs: Run[] = []

  static async start(name: string): Promise<FaultBench> {
    const ec2 = ['throttled', 'eventual'] as const
    const namespace = 'default'
    const out = await mkdtemp(join(tmpdir(), 'zonefall-faults-'))
    const iamPolicy = await writeLabPolicy(out, namespace)
    const target = labTarget({ namespace, keep: false, name, timers: 'short', ec2, iamPolicy })
    const { signal } = new AbortController()
    const started = await target.start({ onStep: () => undefined, signal })
    const { kubeconfig, context } = started.description
    const cluster = await Cluster.connect({ kubeconfig, context })
    const restricted = await restrictedKubeconfig(cluster, kubeconfig, out)
    const description = { ...started.description, kubeconfig: restricted }
    const bench = new FaultBench({ ...started, description }, cluster, out, name)
    refuseWrongRequests(
      (await bench.aws.ec2()).client,
      await loadRequestCheck('@aws-sdk/client-ec2'),
    )
    refuseWrongRequests(
      (await bench.aws.autoScaling()).client,
      await loadRequestCheck('@aws-sdk/client-auto-scaling'),
    )
    return bench
  }

  private constructor(started: StartedTarget, cluster: Cluster, out: string, name: string) {
    const { aws } = started.description
    if (!aws) throw new Error('the lab has EC2')
    this.started = started
    this.cluster = cluster
    this.aws = new Aws(aws)
    this.#out = out
    this.#name = name
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#runs) run.close()
    await this.aws.close()
    await this.started.stop()
    await rm(this.#out, { recursive: true })
  }

  /** Takes back what a test that failed has left, so that the next one can work. */
  async heal(): Promise<void> {
    for (const run of this.#runs) await undoAll(run, run.journal.pending())
  }

  /** The zones with their nodes as they are now, in the order of their names. */
  async zones(): Promise<readonly Zone[]> {
    const { kubeconfig, context } = this.started.description
    return (await describeCluster(kubeconfig, context)).zones
  }

  /** A run of its own, with the leak list as it is now; give `scenarios` what a fault does. */
  async run(): Promise<BenchRun> {
    const { description: target, clusterUid } = this.started
    const runId = newRunId()
    // What the run before this one did last would be taken for its doing.
    const isBehind = () => Promise.resolve(undefined)
    await untilSettled(await this.aws.ec2(), 'what was done last to show', isBehind)
    const before = await takeProjection({
      cluster: this.cluster,
      target,
      runId,
      ownsNamespace: true,
    })
    const run = await createRun(join(this.#out, runId), {
      format: 1,
      runId,
      startedAt: new Date().toISOString(),
      startedAtEpochMs: Date.now(),
      seed: 'faults',
      target,
      options: { tier: 'full', keep: false, manifests: {}, require: [] },
      selected: [],
      supervisor: { pid: 1, startTicks: 'ended', bootId: 'ended' },
      clusterUid,
      lockKey: `lab ${this.#name}`,
      before,
    })
    this.#runs.push(run)
    return new BenchRun(run, faultContextOf(run, target.namespace, this.aws), this.#out)
  }
}

/** One run of a fault, and what it leaves. */
export class BenchRun {
  readonly context: FaultContext
  readonly run: Run
  readonly #out: string

  constructor(run: Run, context: FaultContext, out: string) {
    this.run = run
    this.context = context
    this.#out = out
  }

  /** What differs from before the run as it is. */
  async differences(): Promise<string[]> {
    const { look, isOurs } = leakScope(this.run)
    return compareProjections(this.run.before, await look(), isOurs)
  }

  /** What differs from before the run, once it has settled. */
  async leaks(): Promise<string[]> {
    const { look, isOurs } = leakScope(this.run)
    return settledLeaks(this.run.before, look, isOurs)
  }

  /**
   * Replays the journal as a new process does after a crash (it compares the leak list too), and
   * then once more.
   *
   * @returns what went wrong, and what is left; empty when all is as before
   */
  async replayTwice(): Promise<string[]> {
    const due: readonly PendingUndo[] = this.run.journal.pending()
    const args = [MAIN, 'cleanup', '--run', this.run.id, '--out', this.#out]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    const first = status === 0 ? [] : [`zonefall cleanup: ${status}: ${stdout}${stderr}`]
    const again = await undoAll(this.run, due)
    return [...first, ...again.map(({ text }) => text), ...(await this.leaks())]
  }
}
