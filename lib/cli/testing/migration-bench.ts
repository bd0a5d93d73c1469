import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { Aws } from '../../aws/aws.ts'
import type { Ec2 } from '../../aws/ec2.ts'
import { takeProjection } from '../../engine/leaks.ts'
import type { Projection } from '../../engine/records.ts'
import { Cluster, orAbsent } from '../../kube/cluster.ts'
import { execInPod } from '../../kube/exec.ts'
import { type InstanceShell, runOn, type ShellHost } from '../../migrate/instance-shell.ts'
import { launchStandIns, STAND_IN_MANIFESTS } from '../../migrate/testing/stand-ins.ts'
import { poll } from '../../std/poll.ts'
import { labShell } from '../../targets/lab-shell.ts'
import { labTarget } from '../../targets/lab.ts'
import type { StartedTarget } from '../../targets/target.ts'
import { KILL_AT, KILL_LOG } from './kill-at.ts'

const ZONES = ['us-east-1a', 'us-east-1b'] as const
export const NAMESPACE = 'moved'
export const TOKEN = 'migration-killed'

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly output: string
  /** The change that it was killed at. */
  readonly killedAt: string | undefined
}

/** A lab with machines that speak as if they had a database, and one migration of theirs. */
export class MigrationBench {
  readonly cluster: Cluster
  readonly ec2: Ec2
  readonly machines: readonly ShellHost[]
  readonly shell: InstanceShell
  readonly #lab: StartedTarget
  readonly #aws: Aws
  readonly #labName: string
  readonly #folder: string
  #before: Projection = {}

  static async open(labName: string): Promise<MigrationBench> {
    const { signal } = new AbortController()
    const options = { namespace: NAMESPACE, keep: false, name: labName, zones: ZONES.length }
    const lab = await labTarget(options).start({ onStep: () => undefined, signal })
    const { description } = lab
    if (description.aws === undefined) throw new Error('the lab has EC2')
    const shell = labShell(description)
    if (shell === undefined) throw new Error('the lab has a shell')
    const aws = new Aws(description.aws)
    const machines = await launchStandIns(await aws.ec2(), shell, ZONES, { speaks: true })
    const folder = await mkdtemp(join(tmpdir(), 'zonefall-killed-'))
    const manifests = STAND_IN_MANIFESTS.map(({ object }) => stringify(object)).join('---\n')
    await writeFile(join(folder, 'cassandra.yaml'), manifests)
    const cluster = await Cluster.connect(description)
    const made = { cluster, ec2: await aws.ec2(), shell, machines, lab, aws, labName, folder }
    const bench = new MigrationBench(made)
    bench.#before = await bench.look()
    return bench
  }

  private constructor(made: {
    readonly cluster: Cluster
    readonly ec2: Ec2
    readonly shell: InstanceShell
    readonly machines: readonly ShellHost[]
    readonly lab: StartedTarget
    readonly aws: Aws
    readonly labName: string
    readonly folder: string
  }) {
    this.cluster = made.cluster
    this.ec2 = made.ec2
    this.shell = made.shell
    this.machines = made.machines
    this.#lab = made.lab
    this.#aws = made.aws
    this.#labName = made.labName
    this.#folder = made.folder
  }

  async close(): Promise<void> {
    await this.#aws.close()
    await this.#lab.stop()
    await rm(this.#folder, { recursive: true })
  }

  /** The first of the machines. */
  get first(): ShellHost {
    const [first] = this.machines
    if (first === undefined) throw new Error('there is a machine')
    return first
  }

  /**
   * All of the cluster and the account that may be left: volumes, snapshots and instances too. Not
   * the namespace, which stays.
   */
  async look(): Promise<Projection> {
    const target = this.#lab.description
    const scope = { cluster: this.cluster, target, runId: '', ownsNamespace: true }
    const { Namespace: _stays, ...all } = await takeProjection(scope)
    return all
  }

  /** Attachments end a moment after what was attached is gone. */
  async expectAsBefore(): Promise<void> {
    await poll(
      { what: 'all to be as before', budget: 'volumeGone', intervalMs: 1000 },
      async () => {
        const now = await this.look()
        return isDeepStrictEqual(now, this.#before)
          ? { done: true, value: true }
          : { done: false, seen: now }
      },
    )
  }

  async expectChanged(): Promise<void> {
    assert.notDeepEqual(await this.look(), this.#before)
  }

  migrate(killAt?: string): Promise<Ended> {
    const from = this.machines.map(({ instanceId }) => instanceId).join()
    const into = join(this.#folder, 'cassandra.yaml')
    const where = ['--namespace', NAMESPACE, '--zones', ZONES.toReversed().join(), '--id', TOKEN]
    return this.#zonefall(['migrate', 'run', '--from', from, '--into', into, ...where], killAt)
  }

  cleanup(options: readonly string[] = [], killAt?: string): Promise<Ended> {
    return this.#zonefall(['cleanup', '--migration', TOKEN, ...options], killAt)
  }

  /** The undo is refused, for who asks for it has to say that what was written may go. */
  async expectRefused(why: RegExp): Promise<void> {
    const { code, output } = await this.cleanup()
    assert.equal(code, 3)
    assert.match(output, why)
    assert.match(output, /Add --discard-writes/)
  }

  /** Each pod has what its machine had, on the only volumes that there are. */
  async expectMigrated(): Promise<void> {
    for (const [ordinal, machine] of this.machines.entries()) {
      const pod = `cassandra-${ordinal}`
      const where = { namespace: NAMESPACE, pod, container: 'cassandra' }
      const who = await execInPod(this.cluster, { ...where, command: ['cat', '/data/who'] })
      assert.equal(who.stdout, await runOn(this.shell, machine, 'hostname'))
    }
    assert.equal((await this.cluster.core.listPersistentVolume()).items.length, ZONES.length)
  }

  async expectCopies(volumes: number, snapshots: number): Promise<void> {
    const copied = (await this.ec2.listVolumes()).filter(({ SnapshotId }) => SnapshotId)
    const kept = await this.ec2.listSnapshots()
    assert.deepEqual([copied.length, kept.length], [volumes, snapshots])
  }

  /** As before there was any migration: one that is there is not made again. */
  async deleteNamespace(): Promise<void> {
    const { core } = this.cluster
    await orAbsent(core.deleteNamespace({ name: NAMESPACE }))
    await poll({ what: `${NAMESPACE} to be gone`, budget: 'claimsGone' }, async () =>
      (await orAbsent(core.readNamespace({ name: NAMESPACE }))) === undefined
        ? { done: true, value: true }
        : { done: false, seen: 'still there' },
    )
  }

  /** As when the legacy cluster goes on: it takes writes. */
  async restartDatabases(): Promise<void> {
    for (const machine of this.machines) await runOn(this.shell, machine, 'rm -f /run/drained')
  }

  /** Runs the command, which dies at a change if one is named. */
  async #zonefall(args: readonly string[], killAt?: string): Promise<Ended> {
    const log = join(this.#folder, 'killed-at')
    await writeFile(log, '')
    const preload = join(import.meta.dirname, 'kill-preload.ts')
    const main = join(import.meta.dirname, '../main.ts')
    const child = spawn(
      process.execPath,
      [...(killAt === undefined ? [] : ['--import', preload]), main, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ZONEFALL_LAB: this.#labName, [KILL_AT]: killAt, [KILL_LOG]: log },
      },
    )
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += data.toString()))
    child.stderr.on('data', (data: Buffer) => (output += data.toString()))
    await once(child, 'close')
    const killedAt = (await readFile(log, 'utf8')).trim() || undefined
    // Dead at the change, or at its own end.
    assert.equal(child.signalCode, killedAt === undefined ? null : 'SIGKILL', output)
    return { code: child.exitCode, output, killedAt }
  }
}
