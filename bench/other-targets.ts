import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Cluster } from '../lib/kube/cluster.ts'
import { readJournal } from '../lib/engine/journal.ts'
import { compareProjections, takeProjection } from '../lib/engine/leaks.ts'
import { readRun } from '../lib/report/read-run.ts'
import { consentManifest } from '../lib/engine/preflight/consent.ts'
import { parseManifests } from '../lib/kube/manifests.ts'
import { FAULT_NAMES } from '../lib/model/scenario.ts'
import { LAB_COMMAND } from '../lib/targets/lab.ts'
import { findRunningLab } from '../lib/targets/running-lab.ts'

/**
 * Runs of a real ring that `npm test` doesn't make, on one lab that is brought up for them and taken
 * down: by kubeconfig as on somebody's cluster, in a namespace of the lab, and kept for a look.
 * `node bench/other-targets.ts`; takes about six minutes and ends with an error if one goes wrong.
 */
const LAB = 'other-targets'
const SCENARIO = 'cassandra/failover/each-volume'
const BIN = join(import.meta.dirname, '../lib/cli/main.ts')
const env = { ...process.env, ZONEFALL_LAB: LAB }
const [program, ...lab] = [...LAB_COMMAND, '--name', LAB]

const call = async (args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 900_000 })
  return stdout
}

const out = await mkdtemp(join(tmpdir(), 'zonefall-targets-'))
try {
  await promisify(execFile)(program, [...lab, 'up'], { timeout: 900_000 })
  const access = await findRunningLab(LAB)
  assert(access)
  const cluster = await Cluster.connect(access)
  // As on the lab, where everything counts, whosever it is.
  const everything = (namespace: string) =>
    takeProjection({
      cluster,
      target: { kind: 'lab', context: 'test', namespace },
      runId: 'nobody',
      ownsNamespace: true,
    })
  await consent(cluster)
  const before = await everything('default')

  const run = async (name: string, ...options: string[]) => {
    const startedMs = performance.now()
    await call([BIN, 'run', SCENARIO, `--out=${join(out, name)}`, ...options])
    const dir = join(out, name, 'latest')
    const { summary } = await readRun(dir)
    assert.deepEqual(
      [summary.results.map(({ outcome }) => outcome), summary.leaks, summary.undoErrors],
      [['pass'], [], []],
    )
    console.log(`${name}: ${Math.round((performance.now() - startedMs) / 1000)} s`)
    const made = readJournal(join(dir, 'journal.ndjson')).flatMap((entry) =>
      entry.step === 'intent' && entry.undo.kind === 'delete-object' ? [entry.undo] : [],
    )
    return { summary, made }
  }
  const unchanged = async () =>
    assert.deepEqual(compareProjections(before, await everything('default')), [])

  const byKubeconfig = ['--target=kubeconfig', `--kubeconfig=${access.kubeconfig}`]
  const shared = await run('kubeconfig', ...byKubeconfig, `--context=${access.context}`)
  const { namespace } = shared.summary.target
  assert.equal(namespace, `zonefall-${shared.summary.runId}`)
  const suffix = shared.summary.runId.slice(-4)
  for (const { objectKind, name, namespace: of } of shared.made) {
    if (of !== undefined) assert.equal(of, namespace)
    else if (objectKind === 'Namespace') assert.equal(name, namespace)
    else assert.ok(name.endsWith(`-${suffix}`), `${objectKind} ${name}`)
  }
  await unchanged()

  const elsewhere = await run('namespace', '--namespace=elsewhere')
  assert.ok(elsewhere.made.some(({ name }) => name === 'elsewhere'))
  assert.ok(elsewhere.made.every(({ namespace: of = 'elsewhere' }) => of === 'elsewhere'))
  await unchanged()

  await run('keep', '--keep')
  const { items: pods } = await cluster.core.listNamespacedPod({ namespace: 'default' })
  assert.equal(pods.length, 3)
  await call([BIN, 'cleanup', `--out=${join(out, 'keep')}`])
  await unchanged()
  assert.ok(await findRunningLab(LAB))
  console.log('all as it was before')
} finally {
  await promisify(execFile)(program, [...lab, 'down'], { timeout: 120_000 })
  await rm(out, { recursive: true })
}

/** As the owner of a cluster would: by the manifest that `zonefall init` writes. */
async function consent(of: Cluster): Promise<void> {
  const system = await of.core.readNamespace({ name: 'kube-system' })
  const text = consentManifest({
    clusterUid: system.metadata?.uid ?? '',
    nodeGroups: ['*'],
    faults: [...FAULT_NAMES],
  })
  for (const { object } of parseManifests(text, 'consent')) await of.objects.create(object)
}
