import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Cluster, orAbsent } from '../kube/cluster.ts'
import { DEFAULT_RULES } from '../model/safety-rules.ts'
import type { PullRules } from '../model/target.ts'
import { createReporter } from '../report/terminal.ts'
import { poll } from '../std/poll.ts'
import { kubeconfigTarget } from '../targets/kubeconfig.ts'
import { labTarget } from '../targets/lab.ts'
import { pullingFrom } from '../targets/pulling-from.ts'
import type { StartedTarget } from '../targets/target.ts'
import { collectScenarios } from './collect.ts'
import { ALLOW_POLICY } from './furnish-namespace.ts'
import { Interrupts } from './interrupts.ts'
import { readJournal } from './journal.ts'
import { consentManifest } from './preflight/consent.ts'
import { RUN_FILES } from './run.ts'
import { AUTO_NAMESPACE, superviseRun } from './supervisor.ts'

/**
 * A cluster that others use and that is strict: Pod Security, a NetworkPolicy that forbids
 * everything, a StorageClass of somebody else under the name of ours, and workloads that change all
 * the time. The run passes, or is refused with the reason, and nothing of the others' is touched.
 */
const ROOT = join(import.meta.dirname, 'testing/project')
const COMPLIANT = join(ROOT, 'manifests/cassandra.yaml')
const TUTORIAL = join(import.meta.dirname, '../../manifests/cassandra')
const STRICT = 'strict'
const OTHERS = 'others'

let lab: StartedTarget
let cluster: Cluster
let known: Awaited<ReturnType<typeof collectScenarios>>
let out = ''
let changing: NodeJS.Timeout

beforeAll(async () => {
  const { signal } = new AbortController()
  const target = labTarget({ namespace: 'default', keep: false, name: 'shared-test' })
  lab = await target.start({ onStep: () => undefined, signal })
  cluster = await Cluster.connect(lab.description)
  known = await collectScenarios(ROOT)
  out = await mkdtemp(join(tmpdir(), 'zonefall-shared-'))
  await makeForeign()
})
afterAll(async () => {
  clearInterval(changing)
  await lab.stop()
  await rm(out, { recursive: true })
})

async function makeForeign(): Promise<void> {
  const { core, storage, networking } = cluster
  const consent = consentManifest({
    clusterUid: lab.clusterUid,
    nodeGroups: ['*'],
    faults: ['cordon-zone', 'delete-pod'],
  })
  for (const text of consent.split('---\n')) {
    await cluster.objects.create(parse(text))
  }
  await storage.createStorageClass({
    body: {
      metadata: { name: 'calls' },
      provisioner: 'ebs.csi.aws.com',
      volumeBindingMode: 'WaitForFirstConsumer',
    },
  })
  await core.createNamespace({ body: { metadata: { name: OTHERS } } })
  await core.createNamespacedConfigMap({
    namespace: OTHERS,
    body: { metadata: { name: 'theirs' }, data: { count: '0' } },
  })
  await core.createNamespacedSecret({
    namespace: 'zonefall',
    body: {
      metadata: { name: 'pull' },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': '{"auths":{}}' },
    },
  })
  await core.createNamespace({
    body: {
      metadata: { name: STRICT, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
  })
  await networking.createNamespacedNetworkPolicy({
    namespace: STRICT,
    body: {
      metadata: { name: 'default-deny' },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    },
  })
  // What Kubernetes puts into a new namespace it puts there a moment later.
  for (const namespace of [OTHERS, STRICT, 'zonefall']) {
    await poll(
      { what: `namespace ${namespace} to have what is its own`, budget: 'stateVisible' },
      async () => {
        const root = core.readNamespacedConfigMap({ namespace, name: 'kube-root-ca.crt' })
        const user = core.readNamespacedServiceAccount({ namespace, name: 'default' })
        const found = await Promise.all([orAbsent(root), orAbsent(user)])
        return found.every((one) => one !== undefined)
          ? { done: true, value: true }
          : { done: false, seen: found.map((one) => one?.metadata?.name) }
      },
    )
  }
  let count = 0
  changing = setInterval(() => {
    const name = `theirs-${(count += 1)}`
    void core
      .createNamespacedConfigMap({ namespace: OTHERS, body: { metadata: { name } } })
      .catch(() => undefined)
  }, 2000)
}

/** What isn't the run's, each with its version: nobody has changed it, not even to what it was. */
async function foreignObjects(): Promise<Record<string, string | undefined>> {
  const { core, storage, networking } = cluster
  const namespace = STRICT
  const lists: (readonly KubernetesObject[])[] = await Promise.all([
    storage.listStorageClass().then(({ items }) => items),
    core.listNamespacedConfigMap({ namespace: OTHERS }).then(({ items }) => items.slice(0, 2)),
    core.listNamespacedConfigMap({ namespace: 'zonefall' }).then(({ items }) => items),
    core.listNamespacedSecret({ namespace: 'zonefall' }).then(({ items }) => items),
    core.listNamespace().then(({ items }) => items),
    core.listNamespacedConfigMap({ namespace }).then(({ items }) => items),
    core.listNamespacedServiceAccount({ namespace }).then(({ items }) => items),
    networking.listNamespacedNetworkPolicy({ namespace }).then(({ items }) => items),
  ])
  const versions = lists.flat().map(({ metadata = {} }) => {
    const name = [metadata.namespace, metadata.name].filter(Boolean).join('/')
    return [name, metadata.resourceVersion] as const
  })
  const { items: nodes } = await core.listNode()
  // Their status changes by itself.
  const specs = nodes.map(({ metadata, spec }) => {
    const said = JSON.stringify([metadata?.labels, spec?.taints, spec?.unschedulable])
    return [`node ${metadata?.name}`, said] as const
  })
  return Object.fromEntries([...versions, ...specs])
}

async function run(options: {
  readonly namespace: string
  readonly manifests: string
  readonly pulls?: PullRules
}) {
  const { kubeconfig, context } = lab.description
  const { namespace, manifests, pulls = {} } = options
  const target = await kubeconfigTarget({ kubeconfig, context, namespace, rules: DEFAULT_RULES })
  return superviseRun({
    target: pullingFrom(target, pulls),
    selected: known.filter(({ options: { tags } }) => tags.includes('shared')),
    known,
    seed: 'shared',
    out,
    root: ROOT,
    interrupts: new Interrupts(),
    reporter: createReporter({ stream: process.stdout, isTTY: false }),
    options: { tier: 'full', keep: false, manifests: { cassandra: manifests }, require: [] },
  })
}

test('a namespace that cuts its pods off, or takes no such pods, is refused with the reason', async () => {
  const before = await foreignObjects()
  await expect(run({ namespace: STRICT, manifests: COMPLIANT })).rejects.toMatchObject({
    name: 'PreflightError',
    message: expect.stringContaining('The NetworkPolicy default-deny lets no connection in'),
  })
  await expect(run({ namespace: STRICT, manifests: TUTORIAL })).rejects.toMatchObject({
    name: 'PreflightError',
    message: expect.stringMatching(
      /The namespace strict would not take the pods: violates PodSecurity .*IPC_LOCK/,
    ),
  })
  expect(await foreignObjects()).toEqual(before)
})

test('in a namespace of its own, and in the strict one once pods may talk, the run passes', async () => {
  const before = await foreignObjects()
  const own = await run({
    namespace: AUTO_NAMESPACE,
    manifests: COMPLIANT,
    pulls: { pullSecret: 'pull' },
  })
  expect(own.summary).toMatchObject({ exitCode: 0, results: [{ outcome: 'pass' }], leaks: [] })
  const made = readJournal(join(own.dir, RUN_FILES.journal)).flatMap((entry) =>
    entry.step === 'intent' && entry.undo.kind === 'delete-object' ? [entry.undo] : [],
  )
  const { namespace } = own.summary.target
  const named = made.map(({ objectKind, name }) => `${objectKind} ${name}`)
  expect(named).toEqual(
    expect.arrayContaining([
      `Namespace ${namespace}`,
      `NetworkPolicy ${ALLOW_POLICY}`,
      'Secret pull',
      `StorageClass calls-${own.summary.runId.slice(-4)}`,
    ]),
  )
  expect(await foreignObjects()).toEqual(before)

  const namespacePolicy = { name: 'default-deny', namespace: STRICT }
  await cluster.networking.deleteNamespacedNetworkPolicy(namespacePolicy)
  const open = await foreignObjects()
  const strict = await run({ namespace: STRICT, manifests: COMPLIANT })
  expect(strict.summary).toMatchObject({ exitCode: 0, results: [{ outcome: 'pass' }], leaks: [] })
  expect(await foreignObjects()).toEqual(open)
})
