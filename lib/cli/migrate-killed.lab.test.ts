import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { Aws } from '../aws/aws.ts'
import type { Ec2 } from '../aws/ec2.ts'
import { takeProjection } from '../engine/leaks.ts'
import { Cluster } from '../kube/cluster.ts'
import { execInPod } from '../kube/exec.ts'
import { type InstanceShell, runOn, type ShellHost } from '../migrate/instance-shell.ts'
import { launchStandIns, STAND_IN_MANIFESTS } from '../migrate/testing/stand-ins.ts'
import { budgetMs } from '../std/budgets.ts'
import { labShell } from '../targets/lab-shell.ts'
import { labTarget } from '../targets/lab.ts'
import type { StartedTarget } from '../targets/target.ts'
import { KILL_AT, KILL_LOG } from './testing/kill-at.ts'

/**
 * `zonefall migrate run` dies at every change that it makes: the same command goes on with it, or
 * `zonefall cleanup --migration` takes everything back, whatever the step.
 */
const ZONES = ['us-east-1a', 'us-east-1b'] as const
const LAB_NAME = 'killed-test'
const namespace = 'moved'
const token = 'migration-killed'

let lab: StartedTarget
let cluster: Cluster
let aws: Aws
let ec2: Ec2
let shell: InstanceShell
let machines: ShellHost[]
let folder = ''
let before: unknown

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-killed-'))
  const { signal } = new AbortController()
  const options = { namespace, keep: false, name: LAB_NAME, zones: ZONES.length }
  lab = await labTarget(options).start({ onStep: () => undefined, signal })
  const { description } = lab
  cluster = await Cluster.connect(description)
  if (description.aws === undefined) throw new Error('the lab has EC2')
  aws = new Aws(description.aws)
  ec2 = await aws.ec2()
  const found = labShell(description)
  if (found === undefined) throw new Error('the lab has a shell')
  shell = found
  machines = await launchStandIns(ec2, shell, ZONES, { speaks: true })
  const manifests = STAND_IN_MANIFESTS.map(({ object }) => stringify(object)).join('---\n')
  await writeFile(join(folder, 'cassandra.yaml'), manifests)
  before = await look()
})
afterAll(async () => {
  await aws.close()
  await lab.stop()
  await rm(folder, { recursive: true })
})

/** All of the cluster and the account that may be left: volumes, snapshots and instances too. */
async function look(): Promise<unknown> {
  const { items } = await cluster.core.listNamespace()
  const target = lab.description
  return {
    ...(await takeProjection({ cluster, target, runId: '', ownsNamespace: true })),
    namespaces: items.map(({ metadata }) => metadata?.name ?? '?').toSorted(),
  }
}

/** Attachments end a moment after what was attached is gone. */
async function expectAsBefore(): Promise<void> {
  await expect.poll(look, { timeout: budgetMs('volumeGone'), interval: 1000 }).toEqual(before)
}

interface Ended {
  readonly code: number | null
  readonly output: string
  /** The change that it was killed at. */
  readonly killedAt: string | undefined
}

/** Runs the command, which dies at a change if one is named. */
async function zonefall(args: readonly string[], killAt?: string): Promise<Ended> {
  const log = join(folder, 'killed-at')
  await writeFile(log, '')
  const preload = join(import.meta.dirname, 'testing/kill-preload.ts')
  const main = join(import.meta.dirname, 'main.ts')
  const child = spawn(
    process.execPath,
    [...(killAt === undefined ? [] : ['--import', preload]), main, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ZONEFALL_LAB: LAB_NAME, [KILL_AT]: killAt, [KILL_LOG]: log },
    },
  )
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += data.toString()))
  child.stderr.on('data', (data: Buffer) => (output += data.toString()))
  await once(child, 'close')
  const killedAt = (await readFile(log, 'utf8')).trim() || undefined
  // Dead at the change, or at its own end.
  expect([child.signalCode, output]).toEqual([killedAt === undefined ? null : 'SIGKILL', output])
  return { code: child.exitCode, output, killedAt }
}

function migrate(killAt?: string): Promise<Ended> {
  const from = machines.map(({ instanceId }) => instanceId).join()
  const into = join(folder, 'cassandra.yaml')
  const where = ['--namespace', namespace, '--zones', 'us-east-1b,us-east-1a', '--id', token]
  return zonefall(['migrate', 'run', '--from', from, '--into', into, ...where], killAt)
}

const cleanup = (options: readonly string[] = [], killAt?: string): Promise<Ended> =>
  zonefall(['cleanup', '--migration', token, ...options], killAt)

async function expectMigrated(): Promise<void> {
  for (const [ordinal, machine] of machines.entries()) {
    const pod = `cassandra-${ordinal}`
    const command = ['cat', '/data/who']
    const who = await execInPod(cluster, { namespace, pod, container: 'cassandra', command })
    expect(who.stdout).toBe(await runOn(shell, machine, 'hostname'))
  }
  expect((await cluster.core.listPersistentVolume()).items).toHaveLength(ZONES.length)
}

async function copies(): Promise<{ volumes: number; snapshots: number }> {
  const volumes = (await ec2.listVolumes()).filter(({ SnapshotId }) => SnapshotId)
  return { volumes: volumes.length, snapshots: (await ec2.listSnapshots()).length }
}

test('killed at a change, it is undone: all is as before', async () => {
  const nothing = await cleanup()
  expect([nothing.code, nothing.output]).toEqual([
    3,
    expect.stringContaining(`Nothing carries the mark of a migration ${token}.`),
  ])
  for (const step of [
    'after CreateSnapshots',
    'after CreateVolume',
    'after create PersistentVolume',
    'after create Service',
  ]) {
    const { killedAt } = await migrate(step)
    expect(killedAt).toContain(step)
    expect(await look()).not.toEqual(before)
    if (step === 'after CreateSnapshots') await expectSnapshotsKept()
    const { code, output } = await cleanup()
    expect([code, output]).toEqual([0, expect.stringContaining(`Migration ${token}: undone.`)])
    await expectAsBefore()
    await restartDatabases()
  }
})

/** Before volumes are made of them the snapshots are all that a migration has. */
async function expectSnapshotsKept(): Promise<void> {
  const { code, output } = await cleanup(['--only-snapshots'])
  expect([code, output]).toEqual([
    3,
    expect.stringMatching(/There is no volume that was made of snap-\w+: it may be the only copy/),
  ])
}

test('killed where pods have the copies already, it is undone by who says so, at the second try too', async () => {
  await migrate('after create StatefulSet')
  const refused = await cleanup()
  expect([refused.code, refused.output]).toEqual([
    3,
    expect.stringMatching(
      /Pods of StatefulSet moved\/cassandra have the copies\. The copies that [^]*Add --discard-writes/,
    ),
  ])
  const { killedAt } = await cleanup(['--discard-writes'], 'after delete PersistentVolumeClaim')
  expect(killedAt).toBe('after delete PersistentVolumeClaim')
  // The pods are gone, and by now nobody can tell whether there were any.
  expect((await cleanup(['--discard-writes'])).code).toBe(0)
  await expectAsBefore()
})

test('what took writes again after it was copied is not gone on with', async () => {
  await restartDatabases()
  await migrate('after CreateSnapshots')
  await restartDatabases()
  const { code, output } = await migrate()
  expect([code, output]).toEqual([
    3,
    expect.stringMatching(
      /An earlier try copied i-\S+, (i-\S+, )?where the database takes writes again, or was started since: [^]*cleanup --migration migration-killed/,
    ),
  ])
  expect((await cleanup()).code).toBe(0)
  await expectAsBefore()
})

test(
  'killed at every change in turn, the same command goes on to the same end',
  { timeout: 20 * 60_000 },
  async () => {
    const died: string[] = []
    let last = await migrate('before CreateSnapshots')
    for (let tries = 0; last.killedAt !== undefined && tries < 30; tries += 1) {
      died.push(last.killedAt)
      last = await migrate('after ')
    }
    expect([last.code, last.output]).toEqual([0, last.output])
    expect([...new Set(died)]).toEqual([
      'before CreateSnapshots',
      'after CreateSnapshots',
      'after CreateVolume',
      'after create Namespace',
      'after create PersistentVolume',
      'after create PersistentVolumeClaim',
      'after create StorageClass',
      'after create Service',
      'after create StatefulSet',
    ])
    await expectMigrated()
    // Nothing was made twice.
    expect(await copies()).toEqual({ volumes: ZONES.length, snapshots: ZONES.length })
  },
)

test('once pods run the snapshots can go, and nothing is copied anew', async () => {
  expect((await cleanup(['--only-snapshots'])).code).toBe(0)
  expect(await copies()).toEqual({ volumes: ZONES.length, snapshots: 0 })
  const again = await migrate()
  expect([again.code, again.output]).toEqual([0, again.output])
  expect(again.output).not.toContain('created')
  expect(await copies()).toEqual({ volumes: ZONES.length, snapshots: 0 })
  await expectMigrated()
  expect((await cleanup(['--discard-writes'])).code).toBe(0)
  await expectAsBefore()
  for (const machine of machines) expect(await runOn(shell, machine, 'cat /data/who')).not.toBe('')
})

/** As when the legacy cluster goes on: it takes writes. */
async function restartDatabases(): Promise<void> {
  for (const machine of machines) await runOn(shell, machine, 'rm -f /run/drained')
}
