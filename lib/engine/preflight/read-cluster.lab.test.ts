import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from '../../kube/cluster.ts'
import { loadManifests, parseManifests } from '../../kube/manifests.ts'
import { startTestApiServer, type TestApiServer } from '../../kube/testing/api-server.ts'
import { DEFAULT_RULES } from '../../model/safety-rules.ts'
import type { TargetDescription } from '../../model/target.ts'
import { poll } from '../../std/poll.ts'
import { consentManifest } from './consent.ts'
import { judgeNamespace } from './judge-namespace.ts'
import { liveZones } from './live-zones.ts'
import { narrowToScope } from './narrow-to-scope.ts'
import { readCluster } from './read-cluster.ts'
import { readPluginPolicies } from './read-plugin-policies.ts'
import { targetLike } from './testing/target-like.ts'

/**
 * What a cluster doesn't tell by itself, asked of a real API server: one whose namespaces are under
 * Pod Security `restricted` unless they say otherwise.
 */
const RESTRICTED = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    {
      name: 'PodSecurity',
      configuration: {
        apiVersion: 'pod-security.admission.config.k8s.io/v1',
        kind: 'PodSecurityConfiguration',
        defaults: { enforce: 'restricted', 'enforce-version': 'latest' },
      },
    },
  ],
}
const ROOT = join(import.meta.dirname, '../../..')
const LABEL = 'pod-security.kubernetes.io/enforce'

let api: TestApiServer
let dir = ''

beforeAll(async () => {
  api = await startTestApiServer(RESTRICTED)
  dir = await mkdtemp(join(tmpdir(), 'zonefall-read-cluster-'))
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

function targetIn(namespace: string): TargetDescription {
  const { kubeconfig, context } = api
  return targetLike({ kind: 'kubeconfig', kubeconfig, context, namespace })
}

describe('Pod Security that holds for the whole cluster', () => {
  const refusals = async (namespace: string, manifests: string) => {
    const target = targetIn(namespace)
    const facts = await readCluster(api.cluster, target, '', () =>
      loadManifests(join(ROOT, manifests)),
    )
    return judgeNamespace(facts).map(({ text, todo }) => `${text} → ${todo}`)
  }

  test('is found though no namespace says so, before a run makes its own', async () => {
    const tutorial = await refusals('<run>', 'manifests/cassandra')
    expect(tutorial).toEqual([
      expect.stringMatching(
        /^The cluster would not take the pods in a new namespace, as in default: violates PodSecurity "restricted:latest".*IPC_LOCK.* → Have them comply, .*--namespace NAME\.$/,
      ),
    ])
    const compliant = 'lib/engine/testing/project/manifests/cassandra.yaml'
    expect(await refusals('<run>', compliant)).toEqual([])
  })

  test('is not asked of a namespace that has a word of its own', async () => {
    const open = { name: 'open', labels: { [LABEL]: 'privileged' } }
    await api.cluster.core.createNamespace({ body: { metadata: open } })
    expect(await refusals('open', 'manifests/cassandra')).toEqual([])
    await api.cluster.core.createNamespace({ body: { metadata: { name: 'plain' } } })
    expect(await refusals('plain', 'manifests/cassandra')).toEqual([
      expect.stringMatching(/^The namespace plain would not take the pods: violates PodSecurity/),
    ])
  })
})

test('policies of a network plug-in are named, or their kinds where one may not look', async () => {
  expect(await readPluginPolicies(api.cluster, 'default')).toEqual({ found: [], unseen: [] })
  const group = 'crd.projectcalico.org'
  for (const [kind, plural, scope] of [
    ['GlobalNetworkPolicy', 'globalnetworkpolicies', 'Cluster'],
    ['NetworkPolicy', 'networkpolicies', 'Namespaced'],
  ] as const) {
    await api.cluster.objects.create(definition(group, { kind, plural, scope }))
  }
  const { cluster } = api
  const make = (kind: string, name: string, namespace?: string) =>
    poll({ what: `${kind} to be known`, budget: 'stateVisible' }, async () => {
      try {
        const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
        await cluster.objects.create({ apiVersion: `${group}/v1`, kind, metadata })
        return { done: true, value: true }
      } catch (error) {
        return { done: false, seen: error }
      }
    })
  await make('GlobalNetworkPolicy', 'deny-all')
  await make('NetworkPolicy', 'theirs', 'default')
  const global = `GlobalNetworkPolicy deny-all (${group})`
  expect(await readPluginPolicies(cluster, undefined)).toEqual({ found: [global], unseen: [] })
  expect(await readPluginPolicies(cluster, 'default')).toEqual({
    found: [global, `NetworkPolicy theirs (${group})`],
    unseen: [],
  })
  expect(await readPluginPolicies(await nobody(), 'default')).toEqual({
    found: [],
    unseen: [`GlobalNetworkPolicy (${group})`, `NetworkPolicy (${group})`],
  })
})

function definition(
  group: string,
  { kind, plural, scope }: { kind: string; plural: string; scope: string },
) {
  const schema = { openAPIV3Schema: { type: 'object' } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, plural },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
}

/** Somebody without any right but those that everybody has. */
async function nobody(): Promise<Cluster> {
  const config: { users: { user: object }[] } = JSON.parse(await readFile(api.kubeconfig, 'utf8'))
  for (const entry of config.users) entry.user = { ...entry.user, as: 'nobody' }
  const kubeconfig = join(dir, 'nobody')
  await writeFile(kubeconfig, JSON.stringify(config))
  return Cluster.connect({ kubeconfig, context: api.context })
}

describe('the zones of a run', () => {
  const node = async (name: string, id: string, labels: Record<string, string>) => {
    await api.cluster.core.createNode({
      body: {
        metadata: { name, labels: { 'topology.kubernetes.io/zone': 'us-east-1a', ...labels } },
        spec: { providerID: `aws:///us-east-1a/${id}` },
      },
    })
  }
  const inGroup = (group: string) => ({ 'eks.amazonaws.com/nodegroup': group })
  const namesIn = async (...nodeGroups: string[]) => {
    const scope = { nodeGroups, maxBlastRadius: 10 }
    const zones = await liveZones(api.cluster, { kind: 'eks', scope }, undefined)
    return zones.flatMap((zone) => zone.nodes.map(({ name }) => name))
  }

  test('follow its node groups as nodes come and go, and no others', async () => {
    await node('first', 'i-01', inGroup('ours'))
    await node('theirs', 'i-02', inGroup('theirs'))
    expect(await namesIn('*')).toEqual(['first', 'theirs'])
    await api.cluster.core.deleteNode({ name: 'first' })
    await node('next', 'i-03', inGroup('ours'))
    await api.cluster.core.deleteNode({ name: 'theirs' })
    expect(await namesIn('ours')).toEqual(['next'])
    await node('theirs-again', 'i-04', inGroup('theirs'))
    expect(await namesIn('*')).toEqual(['next', 'theirs-again'])
    const none = await liveZones(api.cluster, { kind: 'eks' }, undefined)
    expect(none).toEqual([])
  })

  test('are those of the consent for whoever only looks, or of the settings', async () => {
    await node('in-b', 'i-05', { ...inGroup('ours'), 'topology.kubernetes.io/zone': 'us-east-1b' })
    const { metadata } = await api.cluster.core.readNamespace({ name: 'kube-system' })
    const clusterUid = metadata?.uid ?? ''
    const stop = () => Promise.resolve()
    const { kubeconfig, context } = api
    const description = targetLike({ kind: 'eks', kubeconfig, context })
    const started = { description, clusterUid, owned: false, stop }
    const look = async (nodeGroups?: readonly string[]) => {
      const rules = { ...DEFAULT_RULES, ...(nodeGroups === undefined ? {} : { nodeGroups }) }
      const { zones, scope } = await narrowToScope(started, rules)
      const names = zones.flatMap((zone) => zone.nodes.map(({ name }) => `${zone.name} ${name}`))
      return { names, groups: scope?.nodeGroups }
    }
    const all = ['us-east-1a next', 'us-east-1a theirs-again', 'us-east-1b in-b']
    expect(await look()).toEqual({ names: all, groups: ['*'] })
    const text = consentManifest({ clusterUid, nodeGroups: ['ours'], faults: ['cordon-zone'] })
    for (const { object } of parseManifests(text, 'consent')) {
      await api.cluster.objects.create(object)
    }
    const ours = ['us-east-1a next', 'us-east-1b in-b']
    expect(await look()).toEqual({ names: ours, groups: ['ours'] })
    expect((await look(['theirs'])).names).toEqual(['us-east-1a theirs-again'])
    // Why nothing is in scope is for preflight to say.
    expect(await look(['nobody'])).toEqual({ names: [], groups: undefined })
  })
})
