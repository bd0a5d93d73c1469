import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadPrices, type Prices } from '../cost/prices.ts'
import { collectScenarios, PROJECT_ROOT } from '../engine/collect.ts'
import { FUTURE_RUN_ID } from '../engine/planned-calls.ts'
import { orAbsent } from '../kube/cluster.ts'
import { startTestApiServer, type TestApiServer } from '../kube/testing/api-server.ts'
import { poll } from '../std/poll.ts'
import { makePlan } from './make-plan.ts'
import { planText } from './plan.ts'
import { checkCluster } from './doctor-cluster.ts'
import { checkSecrets } from './doctor-secrets.ts'
import { neededRights } from '../engine/needed-rights.ts'
import { judgeScenarios } from './runs-where.ts'

/** What the commands say of a cluster before anything is touched, against a real API server. */
let api: TestApiServer
let dir = ''
let known: Awaited<ReturnType<typeof collectScenarios>> = []

beforeAll(async () => {
  api = await startTestApiServer()
  known = await collectScenarios()
  dir = await mkdtemp(join(tmpdir(), 'zonefall-commands-'))
  await poll({ what: 'the roles that every cluster has', budget: 'nodeReady' }, async () => {
    const header = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'system:basic-user' },
    }
    const found = await orAbsent(api.cluster.objects.read(header))
    return found ? { done: true, value: true } : { done: false, seen: 'none yet' }
  })
  for (const zone of ['a', 'b', 'c']) await api.addNode(`node-${zone}`, `us-east-1${zone}`)
})
afterAll(async () => {
  await rm(dir, { recursive: true })
  await api[Symbol.asyncDispose]()
})

/** A kubeconfig of a user who may do just that. */
async function kubeconfigOf(
  user: string,
  rules: readonly { apiGroups: string[]; resources: string[]; verbs: readonly string[] }[],
  namespace?: string,
): Promise<string> {
  const [role, metadata] =
    namespace === undefined
      ? ['ClusterRole', { name: user }]
      : ['Role', { name: `${user}-${namespace}`, namespace }]
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const make = (object: object) => api.cluster.objects.create(object)
  await make({ apiVersion, kind: role, metadata, rules })
  await make({
    apiVersion,
    kind: `${role}Binding`,
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role, name: metadata.name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  })
  const text = await readFile(api.kubeconfig, 'utf8')
  const path = join(dir, user)
  const config: { users: { user: object }[] } = JSON.parse(text)
  for (const entry of config.users) entry.user = { ...entry.user, as: user }
  await writeFile(path, JSON.stringify(config))
  return path
}

const rulesFor = (scope?: 'cluster' | 'namespace') =>
  neededRights(scope === undefined)
    .filter((right) => scope === undefined || right.scope === scope)
    .map(({ group, resource, verbs }) => ({ apiGroups: [group], resources: [resource], verbs }))

describe('doctor', () => {
  test('an administrator lacks no right', async () => {
    const findings = await checkCluster(api.kubeconfig, api.context)
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'rights',
        state: 'ok',
        text: expect.stringMatching(/all \d\d /),
      }),
    )
    expect(findings.filter(({ state }) => state === 'problem').map(({ check }) => check)).toEqual([
      'CSI driver',
    ])
  })

  test('each missing right has its line, with the rule that gives it', async () => {
    const rules = rulesFor()
      .filter(({ resources }) => !resources.includes('pods/portforward'))
      .map((rule) =>
        rule.resources.includes('nodes') ? { ...rule, verbs: ['get', 'list', 'watch'] } : rule,
      )
    const findings = await checkCluster(await kubeconfigOf('nearly', rules), api.context)
    expect(findings.filter(({ check }) => check.startsWith('right'))).toEqual([
      {
        check: 'right',
        state: 'problem',
        text: "may not patch nodes in the whole cluster, so a run can't cordon a zone and see it",
        todo: 'Add to a ClusterRole that is bound to the user of this context: {"apiGroups":[""],"resources":["nodes"],"verbs":["patch"]}',
      },
      {
        check: 'right',
        state: 'problem',
        text: "may not get, create pods/portforward in the whole cluster, so a run can't talk to the database",
        todo: 'Add to a ClusterRole that is bound to the user of this context: {"apiGroups":[""],"resources":["pods/portforward"],"verbs":["get","create"]}',
      },
    ])
    // What it names is all that is missing.
    const told = findings.flatMap(({ check, todo = '' }) =>
      check === 'right' ? [JSON.parse(todo.slice(todo.indexOf('{')))] : [],
    )
    const healed = await kubeconfigOf('healed', [...rules, ...told])
    expect(await checkCluster(healed, api.context)).toContainEqual(
      expect.objectContaining({ check: 'rights', state: 'ok' }),
    )
  })

  test('who may not even list nodes is told every right that is missing', async () => {
    const findings = await checkCluster(await kubeconfigOf('nobody', []), api.context)
    expect(findings[0]).toMatchObject({ check: 'cluster', text: expect.stringContaining('403') })
    expect(findings.filter(({ check }) => check === 'right')).toHaveLength(
      neededRights(true).length,
    )
  })

  test('in a namespace that is there rights in it will do, and none to make one', async () => {
    await api.cluster.core.createNamespace({ body: { metadata: { name: 'ours' } } })
    const cluster = await kubeconfigOf('tenant', rulesFor('cluster'))
    const kubeconfig = await kubeconfigOf('tenant', rulesFor('namespace'), 'ours')
    expect(kubeconfig).toBe(cluster)
    const rights = async (namespace?: string) => {
      const findings = await checkCluster(kubeconfig, api.context, namespace)
      return findings.filter(({ check }) => check.startsWith('right')).map(({ state }) => state)
    }
    expect(await rights('ours')).toEqual(['ok'])
    expect((await rights()).length).toBeGreaterThan(5)
  })
})

describe('Secrets of a database', () => {
  const settings = {
    databases: {
      mysql: {
        credentials: { secret: 'root', username: 'root', usernameKey: '', passwordKey: 'pwd' },
      },
    },
  }
  const makeSecret = (namespace: string, stringData: Record<string, string>) =>
    api.cluster.core.createNamespacedSecret({
      namespace,
      body: { metadata: { name: 'root' }, stringData },
    })
  const planned = async (namespace?: string) => {
    const { kubeconfig, context } = api
    const plan = await makePlan(known, {
      filters: ['mysql/tutorial'],
      target: 'kubeconfig',
      prices: await loadPrices(),
      kubeconfig,
      context,
      settings,
      ...(namespace === undefined ? {} : { namespace }),
    })
    const calls = plan.calls.filter(({ call }) => call.endsWith(' secrets'))
    return calls.map(({ call, targets }) => `${call} ${targets.join()}`)
  }

  test('are looked for by doctor and plan, and copied from the namespace zonefall', async () => {
    const { core } = api.cluster
    const look = async (namespace?: string) => {
      const findings = await checkSecrets(api, namespace, settings)
      return findings.map(({ state, text }) => `${state} ${text}`)
    }
    const nowhere = 'The Secret root that the database needs is neither in its manifests nor in'
    expect(await look()).toEqual([expect.stringContaining(`problem ${nowhere}`)])
    await expect(planned()).rejects.toThrow(nowhere)

    await core.createNamespace({ body: { metadata: { name: 'zonefall' } } })
    await makeSecret('zonefall', { password: 'x' })
    expect(await look()).toEqual([
      'problem The Secret root in namespace zonefall has no pwd, only password.',
    ])
    await core.deleteNamespacedSecret({ name: 'root', namespace: 'zonefall' })
    await makeSecret('zonefall', { pwd: 'x' })
    expect(await look()).toEqual(['ok root'])
    const made = `zonefall-${FUTURE_RUN_ID}/root`
    expect(await planned()).toEqual([`create secrets ${made}`, `delete secrets ${made}`])

    // One that is where the database goes is used as it is, by who may read no other.
    await makeSecret('ours', { pwd: 'x' })
    expect(await planned('ours')).toEqual([])
    const tenant = { kubeconfig: join(dir, 'tenant'), context: api.context }
    expect(await checkSecrets(tenant, 'ours', settings)).toMatchObject([{ state: 'ok' }])
    await core.deleteNamespacedSecret({ name: 'root', namespace: 'ours' })
    expect(await checkSecrets(tenant, 'ours', settings)).toMatchObject([{ state: 'problem' }])
  })
})

describe('list', () => {
  test('on a cluster its zones count too, and EC2 is lacking', async () => {
    const { kubeconfig, context } = api
    const judged = await judgeScenarios(known, { target: 'kubeconfig', kubeconfig, context })
    const lacks = (beginning: string) => judged.find(({ id }) => id.startsWith(beginning))?.lacks
    expect(lacks('cassandra/cordon/')).toEqual([])
    expect(lacks('cassandra/power-cut/')).toEqual([
      'the capability ec2 (target kubeconfig lacks it)',
    ])
    await api.cluster.core.deleteNode({ name: 'node-c' })
    const fewer = await judgeScenarios(known, { target: 'kubeconfig', kubeconfig, context })
    expect(fewer.find(({ id }) => id.startsWith('cassandra/cordon/'))?.lacks).toEqual([
      '3 zones with a usable node (the target has 2)',
    ])
    await api.addNode('node-c', 'us-east-1c')
  })
})

describe('plan', () => {
  const driver = 'ebs.csi.aws.com'
  let prices: Prices
  const zoneKey = 'topology.ebs.csi.aws.com/zone'
  const options = (namespace?: string) => ({
    filters: ['cassandra/failover'],
    target: 'kubeconfig' as const,
    prices,
    kubeconfig: api.kubeconfig,
    context: api.context,
    ...(namespace === undefined ? {} : { namespace }),
  })

  beforeAll(async () => {
    prices = await loadPrices()
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)
    for (const zone of ['a', 'b', 'c']) {
      const name = `node-${zone}`
      const labels = { [zoneKey]: `us-east-1${zone}` }
      await api.cluster.core.patchNode({ name, body: { metadata: { labels } } }, merge)
      await api.cluster.storage.createCSINode({
        body: {
          metadata: { name },
          spec: { drivers: [{ name: driver, nodeID: name, topologyKeys: [zoneKey] }] },
        },
      })
    }
    const body = { spec: { unschedulable: true } }
    await api.cluster.core.patchNode({ name: 'node-b', body }, merge)
  })

  test('refuses claims that nothing would provision', async () => {
    const manifests = join(dir, 'no-class')
    await cp(join(PROJECT_ROOT, 'manifests/cassandra'), manifests, { recursive: true })
    await rm(join(manifests, '10-storageclass.yaml'))
    await expect(
      makePlan(known, { ...options(), manifests: { cassandra: manifests } }),
    ).rejects.toThrow('StorageClass mysql-gp2 of the claims cassandra-data-cassandra-… is neither')
  })

  test('names what is made, with the zones of claims, and what each fault hits', async () => {
    const plan = await makePlan(known, options())
    const namespace = `zonefall-${FUTURE_RUN_ID}`
    const claim = (ordinal: number, zone: string) =>
      expect.objectContaining({ name: `cassandra-data-cassandra-${ordinal}`, namespace, zone })
    expect(plan.creates).toEqual([
      { kind: 'Namespace', name: namespace },
      { kind: 'NetworkPolicy', name: 'zonefall-allow', namespace },
      { kind: 'StorageClass', name: 'mysql-gp2-XXXX' },
      { kind: 'Service', name: 'cassandra', namespace },
      { kind: 'StatefulSet', name: 'cassandra', namespace },
      claim(0, 'us-east-1b'),
      claim(1, 'us-east-1c'),
      claim(2, 'us-east-1a'),
    ])
    const note = 'cordoned already, and stays so'
    expect(plan.faults).toMatchObject([
      {
        fault: 'cordon-zone',
        hits: [
          { kind: 'Node', name: 'node-a', zone: 'us-east-1a' },
          { kind: 'Node', name: 'node-b', zone: 'us-east-1b', note },
          { kind: 'Node', name: 'node-c', zone: 'us-east-1c' },
        ],
      },
      {
        fault: 'delete-pod',
        hits: [0, 1, 2].map((n) => ({ kind: 'Pod', name: `cassandra-${n}` })),
      },
    ])
    expect(plan.costUsd).toBeNull()
    const text = planText(plan)
    expect(text).toContain(
      'PersistentVolumeClaim cassandra-data-cassandra-0, its volume in us-east-1b',
    )
    expect(text).toContain(`Node node-b (zone us-east-1b; ${note})`)
    expect(text).toMatch(/7 scenarios; about \d+ min on the lab\.\nCost: that of 3 volumes/)
  })

  test('touches nothing, and makes no namespace that is there', async () => {
    const versions = async () => {
      const { items } = await api.cluster.core.listNode()
      const namespaces = await api.cluster.core.listNamespace()
      return [...items, ...namespaces.items].map(({ metadata }) => metadata?.resourceVersion)
    }
    const before = await versions()
    const { creates } = await makePlan(known, options('default'))
    expect(creates.map(({ kind }) => kind)).not.toContain('Namespace')
    expect(await versions()).toEqual(before)
  })

  test('what can’t run is not counted, and what it alone would make is not named', async () => {
    const plan = await makePlan(known, { ...options(), filters: ['cassandra/cordon'] })
    expect(plan.typicalSeconds).toBeGreaterThan(0)
    await api.cluster.core.deleteNode({ name: 'node-c' })
    const without = await makePlan(known, { ...options(), filters: ['cassandra/cordon'] })
    expect(without).toMatchObject({ typicalSeconds: 0, faults: [], scenarios: [{}] })
    expect(without.creates.map(({ kind }) => kind)).toEqual(['Namespace', 'NetworkPolicy'])
    expect(planText(without)).toContain('would be skipped: needs 3 zones with a usable node')
  })
})
