import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PatchStrategy } from '@kubernetes/client-node'
import { vi } from 'vitest'
import { connectEc2, type Ec2 } from '../../../aws/ec2.ts'
import { Cluster, orAbsent } from '../../../kube/cluster.ts'
import { parseManifests } from '../../../kube/manifests.ts'
import { DEFAULT_RULES, type SafetyRules } from '../../../model/safety-rules.ts'
import type { FaultName, ScenarioInfo } from '../../../model/scenario.ts'
import type { PullRules } from '../../../model/target.ts'
import { createReporter } from '../../../report/terminal.ts'
import { poll } from '../../../std/poll.ts'
import { eksTarget } from '../../../targets/eks.ts'
import { LAB_COMMAND } from '../../../targets/lab.ts'
import { pullingFrom } from '../../../targets/pulling-from.ts'
import type { Target } from '../../../targets/target.ts'
import { Interrupts } from '../../interrupts.ts'
import { superviseRun } from '../../supervisor.ts'
import { consentManifest } from '../consent.ts'
import {
  type AwsScript,
  type RecordingProxies,
  startRecordingProxies,
} from './recording-proxies.ts'

/** A lab of one zone that plays EKS, with proxies before both its APIs. */
const NAME = 'preflight-test'
const CONTEXT = 'staging'
export const ACCOUNT = '000000000000'
const [program, ...prefix] = LAB_COMMAND

export let dir = ''
export let cluster: Cluster
export let ec2: Ec2
export let proxies: RecordingProxies
let clusterUid = ''
export let node = ''
export let instanceId = ''

/** Boots the lab, and stands between it and whoever calls its APIs. */
export async function setUp(): Promise<void> {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-preflight-'))
  const policy = join(dir, 'policy.json')
  const statements = [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    { Effect: 'Deny', Action: 'ec2:RebootInstances', Resource: '*' },
  ]
  await writeFile(policy, JSON.stringify({ Version: '2012-10-17', Statement: statements }))
  const args = ['--name', NAME, 'up', '--json', '--zones', '1', '--iam-policy', policy]
  const { stdout } = await promisify(execFile)(program, [...prefix, ...args])
  const up: Record<'kubeconfig' | 'context' | 'region' | 'ec2Endpoint', string> &
    Record<'accessKeyId' | 'secretAccessKey', string> = JSON.parse(
    stdout.trim().split('\n').at(-1) ?? '',
  )
  const { region, ec2Endpoint: endpoint, accessKeyId, secretAccessKey } = up
  cluster = await Cluster.connect({ kubeconfig: up.kubeconfig, context: up.context })
  ec2 = await connectEc2({ region, endpoint, accessKeyId, secretAccessKey })
  proxies = await startRecordingProxies(cluster.kubeconfig, endpoint)
  const system = await cluster.core.readNamespace({ name: 'kube-system' })
  clusterUid = system.metadata?.uid ?? ''
  const { items } = await cluster.core.listNode()
  node = items[0]?.metadata?.name ?? ''
  instanceId = items[0]?.spec?.providerID?.split('/').at(-1) ?? ''
  for (const service of ['EC2', 'STS', 'AUTO_SCALING', 'EKS']) {
    vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, proxies.awsUrl)
  }
  vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey)
  await makeReader()
  await consent()
  // As on a cluster in use: the driver is registered when its pods run.
  await poll({ what: 'the CSI driver', budget: 'nodeReady' }, async () => {
    const found = await orAbsent(cluster.storage.readCSIDriver({ name: 'ebs.csi.aws.com' }))
    return found ? { done: true, value: true } : { done: false, seen: 'none' }
  })
}

export async function tearDown(): Promise<void> {
  vi.unstubAllEnvs()
  ec2?.close()
  await proxies?.[Symbol.asyncDispose]()
  await promisify(execFile)(program, [...prefix, '--name', NAME, 'down'])
  await rm(dir, { recursive: true })
}

/** Somebody who may look at everything, and change nothing. */
async function makeReader(): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const metadata = { name: 'reader' }
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] }]
  const review = { apiGroups: ['authorization.k8s.io'], resources: ['*'], verbs: ['create'] }
  const role = { apiVersion, kind: 'ClusterRole', metadata, rules: [...rules, review] }
  await cluster.objects.create(role)
  const binding = {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }],
  }
  await cluster.objects.create(binding)
}

export const ALL: readonly FaultName[] = [
  'cordon-zone',
  'power-cut',
  'zone-partition',
  'delete-pod',
]

export async function consent(
  changes: { uid?: string; nodeGroups?: string[]; faults?: FaultName[] } = {},
): Promise<void> {
  const { uid = clusterUid, nodeGroups = ['zonefall'], faults = [...ALL] } = changes
  const text = consentManifest({ clusterUid: uid, nodeGroups, faults })
  for (const { object } of parseManifests(text, 'consent')) {
    if (await orAbsent(cluster.objects.read(object))) {
      await cluster.objects.patch(object, undefined, undefined, undefined, undefined, MERGE)
    } else {
      await cluster.objects.create(object)
    }
  }
}

const MERGE = PatchStrategy.MergePatch

/** EKS as a cluster without anything special has it. */
export function awsSaying(
  changes: {
    readonly cluster?: object
    readonly nodegroup?: object
    /** A Fargate profile. */
    readonly fargate?: object
    readonly script?: Omit<AwsScript, 'eks'>
  } = {},
): AwsScript {
  return {
    ...changes.script,
    eks: {
      '/clusters/staging': {
        cluster: {
          name: 'staging',
          arn: `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/staging`,
          tags: {},
          ...changes.cluster,
        },
      },
      '/clusters/staging/node-groups': { nodegroups: ['zonefall'] },
      '/clusters/staging/node-groups/zonefall': {
        nodegroup: { nodegroupName: 'zonefall', ...changes.nodegroup },
      },
      '/clusters/staging/fargate-profiles': {
        fargateProfileNames: changes.fargate === undefined ? [] : ['serverless'],
      },
      '/clusters/staging/fargate-profiles/serverless': {
        fargateProfile: { fargateProfileName: 'serverless', ...changes.fargate },
      },
    },
  }
}

export interface RunLike {
  readonly context?: string
  readonly clusterName?: string
  readonly user?: string
  readonly namespace?: string
  readonly faults?: readonly FaultName[]
  readonly rules?: Partial<SafetyRules>
  readonly timeLimitMs?: number
  readonly pulls?: PullRules
}

export async function kubeconfigFor({ context = CONTEXT, clusterName = 'staging', user }: RunLike) {
  const path = join(dir, `kubeconfig-${context}-${clusterName}-${user ?? ''}`)
  const eksName = `arn:aws:eks:us-east-1:${ACCOUNT}:cluster/${clusterName}`
  await writeFile(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: eksName,
          cluster: { server: proxies.kubernetesUrl, 'insecure-skip-tls-verify': true },
        },
      ],
      users: [{ name: 'me', user: user === undefined ? {} : { as: user } }],
      contexts: [{ name: context, context: { cluster: eksName, user: 'me' } }],
    }),
  )
  return { kubeconfig: path, context }
}

export async function targetFor(run: RunLike): Promise<Target> {
  const target = await eksTarget({
    ...(await kubeconfigFor(run)),
    namespace: run.namespace ?? '<run>',
    rules: { ...DEFAULT_RULES, ...run.rules },
  })
  return run.pulls === undefined ? target : pullingFrom(target, run.pulls)
}

function scenarioWith(faults: readonly FaultName[]): ScenarioInfo {
  const file = 'scenarios/cassandra/none.scenario.ts'
  return { id: 'cassandra/none/none', file, claim: 'none', options: { tags: [], faults } }
}

/** A run as `zonefall run` begins one. */
export async function attempt(run: RunLike): Promise<unknown> {
  const selected = [scenarioWith(run.faults ?? ALL)]
  return superviseRun({
    target: await targetFor(run),
    selected,
    known: selected,
    seed: 'test',
    out: join(dir, 'reports'),
    interrupts: new Interrupts(),
    reporter: createReporter({ stream: process.stderr, isTTY: false }),
    options: {
      tier: 'full',
      keep: false,
      manifests: {},
      require: [],
      ...(run.timeLimitMs === undefined ? {} : { timeLimitMs: run.timeLimitMs }),
    },
  })
}
