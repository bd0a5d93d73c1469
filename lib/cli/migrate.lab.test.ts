import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { connectEc2, type Ec2 } from '../aws/ec2.ts'
import { type RecordingAwsProxy, startRecordingAwsProxy } from '../aws/testing/recording-proxy.ts'
import { Cluster } from '../kube/cluster.ts'
import { execInPod } from '../kube/exec.ts'
import { parseManifests } from '../kube/manifests.ts'
import { labShell } from '../targets/lab-shell.ts'
import { labTarget } from '../targets/lab.ts'
import type { StartedTarget } from '../targets/target.ts'
import { adoptionObjects } from '../migrate/adoption-objects.ts'
import { applyAdoption, awaitAdopted } from '../migrate/apply-adoption.ts'
import { copyNodes } from '../migrate/copy-nodes.ts'
import { type InstanceShell, runOn, type ShellHost } from '../migrate/instance-shell.ts'
import { judgeMigration } from '../migrate/judge.ts'
import { type MigrationPlan, planMigration } from '../migrate/plan.ts'
import { readSource } from '../migrate/read-source.ts'
import { readTarget } from '../migrate/read-target.ts'
import { launchStandIns, STAND_IN_MANIFESTS } from '../migrate/testing/stand-ins.ts'
import { markGiven } from './mark-given.ts'

const ZONES = ['us-east-1a', 'us-east-1b'] as const
const LAB_NAME = 'migrate-test'
const namespace = 'moved'
const token = 'migration-test'

let lab: StartedTarget
let cluster: Cluster
let proxy: RecordingAwsProxy
let ec2: Ec2
let shell: InstanceShell
let machines: ShellHost[]
/** What the first test made. */
let plan: MigrationPlan
let volumeIds: readonly string[]

beforeAll(async () => {
  const { signal } = new AbortController()
  const options = { namespace, keep: false, name: LAB_NAME, zones: ZONES.length }
  lab = await labTarget(options).start({ onStep: () => undefined, signal })
  const { aws, kubeconfig, context } = lab.description
  cluster = await Cluster.connect({ kubeconfig, context })
  proxy = await startRecordingAwsProxy(aws?.endpoint ?? '')
  if (aws === undefined) throw new Error('the lab has EC2')
  ec2 = await connectEc2({ ...aws, endpoint: proxy.url })
  const found = labShell(lab.description)
  if (found === undefined) throw new Error('the lab has a shell')
  shell = found
  machines = await launchStandIns(ec2, shell, ZONES, { speaks: false })
})
afterAll(async () => {
  ec2.close()
  await proxy[Symbol.asyncDispose]()
  await lab.stop()
})

const nameOf = async (machine: ShellHost): Promise<string> =>
  (await runOn(shell, machine, 'hostname')).trim()

const unjournaled = {
  change: async <T>(_what: unknown, change: () => Promise<T>) => ({
    id: '',
    value: await change(),
  }),
  undone: () => undefined,
}

async function planned(): Promise<MigrationPlan> {
  const source = await readSource(
    ec2,
    machines.map(({ instanceId }) => instanceId),
    shell,
  )
  const facts = {
    source,
    target: await readTarget(cluster, ec2, STAND_IN_MANIFESTS, { namespace, token }),
    zones: ['us-east-1b', 'us-east-1a'],
    template: 'cassandra-data',
    snapshots: [],
  }
  // There is no database on them that would say who it is.
  expect(judgeMigration(facts).map(({ id }) => id)).toEqual(['identity-unknown'])
  return planMigration(facts, { token, form: 'in-tree', fsType: 'ext4' })
}

test('a command on a machine has nothing of the environment of who called it', async () => {
  process.env['CALLERS_OWN'] = 'yes'
  const [first] = machines
  const said = first === undefined ? '' : await runOn(shell, first, 'env; echo "$HOME"')
  expect([said.includes('CALLERS_OWN'), said.trim().split('\n').at(-1)]).toEqual([false, '/root'])
})

test('pods take over what was on the machines, in other zones, by copies alone, and a second try makes nothing', async () => {
  plan = await planned()
  const before = proxy.calls.length
  const copy = () => copyNodes(ec2, unjournaled, plan, { scope: 'file', tell: () => undefined })
  volumeIds = await copy()
  const told: string[] = []
  const apply = () =>
    applyAdoption(cluster, plan, adoptionObjects(plan, volumeIds), STAND_IN_MANIFESTS, {
      tell: (text) => told.push(text),
      beforePods: () => markGiven(ec2, volumeIds, `${namespace}/cassandra@uid`),
    })
  await apply()
  await awaitAdopted(cluster, plan)

  for (const { ordinal, zone, claim, volume } of plan.nodes) {
    const pod = `cassandra-${ordinal}`
    const who = await execInPod(cluster, {
      namespace,
      pod,
      container: 'cassandra',
      command: ['cat', '/data/who'],
    })
    const machine = machines[ordinal]
    expect(who.stdout.trim()).toBe(machine && (await nameOf(machine)))
    const { spec } = await cluster.core.readNamespacedPod({ namespace, name: pod })
    const node = await cluster.core.readNode({ name: spec?.nodeName ?? '' })
    expect(node.metadata?.labels?.['topology.kubernetes.io/zone']).toBe(zone)
    const found = await cluster.core.readNamespacedPersistentVolumeClaim({ namespace, name: claim })
    expect(found.spec?.volumeName).toBe(volume)
    const kept = await cluster.core.readPersistentVolume({ name: volume })
    // Stored in the form it came in; the volume that is attached is the driver's all the same.
    expect(kept.spec?.awsElasticBlockStore?.volumeID).toBe(`aws://${zone}/${volumeIds[ordinal]}`)
  }
  const volumes = await cluster.core.listPersistentVolume()
  expect(volumes.items).toHaveLength(plan.nodes.length)

  expect(await copy()).toEqual(volumeIds)
  told.length = 0
  await apply()
  expect(told.filter((text) => text.startsWith('created'))).toEqual([])

  // Of the machines and their volumes nothing was asked but snapshots.
  const changes = proxy.calls
    .slice(before)
    .filter(({ action }) => !action.startsWith('Describe'))
    .map(({ action }) => action)
  expect(new Set(changes)).toEqual(new Set(['CreateSnapshots', 'CreateVolume', 'CreateTags']))
  expect(changes.filter((action) => action === 'CreateSnapshots')).toHaveLength(2)
  const sources = await ec2.listVolumes(plan.nodes.map(({ source }) => source.id))
  expect(sources.map(({ Attachments = [] }) => Attachments[0]?.State)).toEqual([
    'attached',
    'attached',
  ])
})

test('volumes and claims that somebody made are judged by what the account and the cluster say', async () => {
  const [first = '', second = ''] = volumeIds
  const swapped = adoptionObjects({ ...plan, form: 'csi' }, [second, first])
  const taken = adoptionObjects(plan, [plan.nodes[0]?.source.id ?? '', 'vol-0123456789abcdef0'])
  const judged = async (objects: readonly object[]): Promise<string[]> => {
    const brought = parseManifests(objects.map((one) => stringify(one)).join('---\n'), 'made.yaml')
    const facts = {
      source: await readSource(
        ec2,
        plan.nodes.map(({ source }) => source.id),
        undefined,
      ),
      target: await readTarget(cluster, ec2, [...STAND_IN_MANIFESTS, ...brought], {
        namespace,
        token: 'another',
      }),
      zones: ['us-east-1b', 'us-east-1c'],
      template: 'cassandra-data',
      snapshots: [],
    }
    return [...new Set(judgeMigration(facts).map(({ id }) => id))].toSorted()
  }
  const always = ['claim-exists', 'identity-unknown', 'zone-without-nodes']
  expect(await judged([])).toEqual(always)
  expect(await judged(swapped)).toEqual(
    [...always, 'volume-attached', 'volume-wrong-zone', 'volumes-swapped'].toSorted(),
  )
  expect(await judged(taken)).toEqual(
    [...always, 'volume-absent', 'volume-of-source', 'volume-wrong-zone'].toSorted(),
  )
})

test('the command says what it would make, and refuses before anything is made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'migrate-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'cassandra.yaml')
  await writeFile(file, STAND_IN_MANIFESTS.map(({ object }) => stringify(object)).join('---\n'))
  const from = machines.map(({ instanceId }) => instanceId).join()
  const migrate = (...args: readonly string[]) =>
    zonefall('migrate', ...args, '--from', from, '--into', file, '--namespace', 'later')

  const checked = await migrate('check')
  expect(checked.code).toBe(0)
  expect(checked.stderr).toContain('identity-unknown: Nobody could ask')
  const printed = parseManifests(checked.stdout, 'printed.yaml').map(({ object }) => object)
  expect(printed.map(({ kind, metadata }) => `${kind} ${metadata.name.slice(-16)}`)).toEqual([
    'PersistentVolume data-cassandra-0',
    'PersistentVolumeClaim data-cassandra-0',
    'PersistentVolume data-cassandra-1',
    'PersistentVolumeClaim data-cassandra-1',
  ])
  const planned = await migrate('plan', '--zones', 'us-east-1b,us-east-1a')
  expect(planned.stdout).toContain('from us-east-1a to us-east-1b, as cassandra-data-cassandra-0')

  const refused = await migrate('run', '--template', 'data')
  expect(refused.code).toBe(3)
  expect(refused.stderr).toContain('it would make empty volumes of its own and look healthy')
  const { items } = await cluster.core.listNamespace()
  expect(items.map(({ metadata }) => metadata?.name)).not.toContain('later')
})

function zonefall(
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = join(import.meta.dirname, '../cli/main.ts')
  const env = { ...process.env, ZONEFALL_LAB: LAB_NAME }
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}
