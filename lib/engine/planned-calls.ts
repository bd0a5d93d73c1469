import type { FaultName } from '../model/scenario.ts'
import { resourceOf } from '../kube/resource-of.ts'
import { isClusterScoped } from '../kube/transforms.ts'
import { ALLOW_POLICY } from './furnish-namespace.ts'

/** A call that changes something, and on what. */
export interface PlannedCall {
  readonly api: 'kubernetes' | 'ec2' | 'autoscaling' | 'lab'
  /** Verb and resource, or the action: `patch nodes`, `StopInstances`. */
  readonly call: string
  /**
   * Names, with their namespace where they have one. `*` stands for the part of a name that is drawn
   * when the object is made.
   */
  readonly targets: readonly string[]
  /** What it is made for: faults, or `deployment`, `clients`, `scenarios`. */
  readonly because: readonly string[]
}

/** What a run is about to work on. */
export interface CallScope {
  readonly namespace: string
  /** Whether the run makes it. */
  readonly makesNamespace: boolean
  /** Whether others use the cluster too: then the namespace is furnished. */
  readonly isShared: boolean
  /** Copied into a namespace that the run makes. */
  readonly pullSecret?: string
  /** Of the manifests; claims are made by the StatefulSet's controller and deleted by the run. */
  readonly objects: readonly {
    readonly kind: string
    readonly name: string
    readonly namespace?: string
  }[]
  readonly faults: readonly FaultName[]
  /** What is deployed, by the folders of its manifests. */
  readonly systems: readonly string[]
  /** Of the database. */
  readonly pods: readonly string[]
  readonly nodes: readonly { readonly name: string; readonly instanceId?: string }[]
  readonly zones: readonly string[]
  /** Auto Scaling groups that the nodes belong to. */
  readonly groups: readonly string[]
  readonly subnets: readonly string[]
  readonly vpcs: readonly string[]
  /** Network ACLs that the subnets have, and get back. */
  readonly acls: readonly string[]
  readonly hasEc2: boolean
  /** Whether launches can be made to fail. */
  readonly hasCapacity: boolean
}

type Api = PlannedCall['api']
type Draft = readonly [api: Api, call: string, targets: readonly string[]]

/**
 * All calls that a run may make and that change something, each once.
 *
 * @param scopes one for each namespace that scenarios run in
 */
export function plannedCalls(...scopes: readonly CallScope[]): PlannedCall[] {
  const merged = new Map<string, { api: Api; call: string; on: Set<string>; by: Set<string> }>()
  for (const [because, drafts] of scopes.flatMap((scope) => draftsOf(scope))) {
    for (const [api, call, targets] of drafts) {
      if (targets.length === 0) continue
      const key = `${api} ${call}`
      const entry = merged.get(key) ?? { api, call, on: new Set(), by: new Set() }
      for (const target of targets) entry.on.add(target)
      entry.by.add(because)
      merged.set(key, entry)
    }
  }
  return [...merged.values()].map(({ api, call, on, by }) => ({
    api,
    call,
    targets: withoutCovered([...on]),
    because: [...by],
  }))
}

function draftsOf(scope: CallScope): [because: string, drafts: readonly Draft[]][] {
  return [
    ['deployment', deploymentCalls(scope)],
    ...(scope.pods.length > 0
      ? ([
          ['scenarios', scenarioCalls(scope)],
          ['clients', clientCalls(scope)],
        ] as [string, readonly Draft[]][])
      : []),
    ...scope.faults.map((fault): [string, readonly Draft[]] => [fault, FAULT_CALLS[fault](scope)]),
  ]
}

/** A name that another one stands for as well says nothing more. */
function withoutCovered(targets: readonly string[]): string[] {
  return targets.filter(
    (target) => !targets.some((other) => other !== target && matches(other, target)),
  )
}

/** Stands for the id that a run gets when it starts; names are made of it as of any other. */
export const FUTURE_RUN_ID = 'DATE-TIME-XXXX'

/** Whether a name is one of those that a plan's name stands for. */
export function matches(pattern: string, target: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === target
  if (!target.startsWith(first)) return false
  let from = first.length
  for (const part of rest) {
    const at = target.indexOf(part, from)
    if (at < 0) return false
    from = at + part.length
  }
  return pattern.endsWith('*') || from === target.length
}

const kube = (call: string, ...targets: readonly string[]): Draft => ['kubernetes', call, targets]
const ec2 = (call: string, ...targets: readonly string[]): Draft => ['ec2', call, targets]

function deploymentCalls(scope: CallScope): Draft[] {
  const { namespace, objects, makesNamespace, isShared, pullSecret, hasEc2 } = scope
  const made = objects.filter(({ kind }) => kind !== 'PersistentVolumeClaim')
  const claims = objects.filter(({ kind }) => kind === 'PersistentVolumeClaim')
  const path = (one: CallScope['objects'][number]): string =>
    isClusterScoped(one.kind) ? one.name : `${one.namespace ?? namespace}/${one.name}`
  return [
    ...(makesNamespace
      ? [kube('create namespaces', namespace), kube('delete namespaces', namespace)]
      : []),
    ...(makesNamespace && isShared
      ? ['networkpolicies', ...(pullSecret === undefined ? [] : ['secrets'])].flatMap((what) => {
          const name = what === 'secrets' ? pullSecret : ALLOW_POLICY
          return [
            kube(`create ${what}`, `${namespace}/${name}`),
            kube(`delete ${what}`, `${namespace}/${name}`),
          ]
        })
      : []),
    ...made.flatMap((one) => [
      kube(`create ${resourceOf(one.kind)}`, path(one)),
      kube(`delete ${resourceOf(one.kind)}`, path(one)),
    ]),
    // Those of pods that a scenario added are there as well.
    kube('delete persistentvolumeclaims', ...claims.map((one) => path(one).replace(/-\d+$/, '-*'))),
    ...(claims.length > 0
      ? [
          kube('delete persistentvolumes', CLAIMED_VOLUMES),
          ...(hasEc2 ? [ec2('DeleteVolume', ANY_VOLUME)] : []),
        ]
      : []),
  ]
}

/** The provisioner names them after their claims' UIDs. */
const CLAIMED_VOLUMES = 'pvc-*'
const ANY_VOLUME = 'vol-*'
/** A pod that loads rows, and its volume. */
const LOADER = 'zonefall-loader-*'

function scenarioCalls(scope: CallScope): Draft[] {
  const { namespace, objects, pods, systems } = scope
  const sets = objects.filter(({ kind }) => kind === 'StatefulSet').map(({ name }) => name)
  const on = sets.map((name) => `${namespace}/${name}`)
  // Scaled up, a set has pods of later ordinals.
  const members = [...new Set(pods.map((pod) => `${namespace}/${pod.replace(/-\d+$/, '-*')}`))]
  return [
    kube('create pods/exec', ...members),
    kube('create pods/portforward', ...members),
    kube('patch statefulsets/scale', ...on),
    kube('create poddisruptionbudgets', ...on),
    kube('delete poddisruptionbudgets', ...on),
    ...(systems.some((system) => system.startsWith('mysql')) ? mysqlCalls(scope, sets) : []),
    ...(systems.includes('cassandra-migrated') ? migrationCalls(scope) : []),
  ]
}

/** The tutorial's client, and the Service of whichever server takes writes. */
function mysqlCalls({ namespace }: CallScope, sets: readonly string[]): Draft[] {
  const client = `${namespace}/mysql-client`
  const services = sets.map((name) => `${namespace}/${name}-primary`)
  return [
    kube('create pods', client),
    kube('delete pods', client),
    kube('create pods/exec', client),
    kube('create services', ...services),
    kube('delete services', ...services),
  ]
}

/** The legacy machines, the copies of their volumes, and what the StatefulSet is to find of them. */
function migrationCalls({ namespace, pods }: CallScope): Draft[] {
  const claims = pods.map((pod) => `${namespace}/*-${pod}`)
  const volumes = pods.map((pod) => `migration-*-${pod}`)
  return [
    ['ec2', 'RunInstances', [ANY_INSTANCE]],
    ['ec2', 'TerminateInstances', [ANY_INSTANCE]],
    ['ec2', 'CreateSnapshots', ['snap-*']],
    ['ec2', 'CreateVolume', [ANY_VOLUME]],
    ['ec2', 'DeleteSnapshot', ['snap-*']],
    ['ec2', 'DeleteVolume', [ANY_VOLUME]],
    // A volume that rows are copied to, between a legacy machine and a node.
    ['ec2', 'AttachVolume', [ANY_VOLUME, ANY_INSTANCE]],
    ['ec2', 'DetachVolume', [ANY_VOLUME, ANY_INSTANCE]],
    kube('create persistentvolumes', ...volumes, LOADER),
    kube('delete persistentvolumes', ...volumes, LOADER),
    kube('create persistentvolumeclaims', ...claims, `${namespace}/${LOADER}`),
    kube('delete persistentvolumeclaims', ...claims, `${namespace}/${LOADER}`),
    kube('create pods', `${namespace}/${LOADER}`),
    kube('delete pods', `${namespace}/${LOADER}`),
    kube('create pods/exec', `${namespace}/${LOADER}`),
  ]
}

function clientCalls({ namespace }: CallScope): Draft[] {
  const agents = `${namespace}/zonefall-agent-*`
  return [
    kube('create configmaps', agents),
    kube('delete configmaps', agents),
    kube('create pods', agents),
    kube('delete pods', agents),
    kube('create pods/proxy', agents),
    kube('create pods/exec', agents),
  ]
}

type FaultCalls = (scope: CallScope) => readonly Draft[]

const ids = ({ nodes }: CallScope): string[] =>
  nodes.map(({ instanceId }) => instanceId ?? ANY_INSTANCE)
const ANY_INSTANCE = 'i-*'

const cordoned: FaultCalls = ({ nodes }) => [kube('patch nodes', ...nodes.map(({ name }) => name))]

const helperPod =
  (name: string): FaultCalls =>
  ({ namespace }) => [
    kube('create pods', `${namespace}/${name}-*`),
    kube('delete pods', `${namespace}/${name}-*`),
  ]

const inPods =
  (call: string): FaultCalls =>
  ({ namespace, pods }) => [kube(call, ...pods.map((pod) => `${namespace}/${pod}`))]

const groupsLeftAlone: FaultCalls = (scope) => [
  ...['SuspendProcesses', 'ResumeProcesses'].map((call): Draft => [
    'autoscaling',
    call,
    scope.groups,
  ]),
  ['autoscaling', 'SetInstanceHealth', ids(scope)],
]

const capacityGone: FaultCalls = ({ hasCapacity, zones }) =>
  hasCapacity ? [['lab', 'capacity off', zones] as const, ['lab', 'capacity on', zones]] : []

const stopped: FaultCalls = (scope) => [
  ...groupsLeftAlone(scope),
  ec2('StopInstances', ...ids(scope)),
  ec2('StartInstances', ...ids(scope)),
]

const outage: FaultCalls = (scope) => [...stopped(scope), ...capacityGone(scope)]

const signalled: FaultCalls = (scope) => [
  ...inPods('create pods/exec')(scope),
  ...helperPod('zonefall-signal')(scope),
]

/** What each fault calls, its proof and its healing included. */
const FAULT_CALLS: Readonly<Record<FaultName, FaultCalls>> = {
  'cordon-zone': (scope) => [...cordoned(scope), ...helperPod('zonefall-canary')(scope)],
  'drain-zone': (scope) => [...cordoned(scope), ...inPods('create pods/eviction')(scope)],
  'delete-pod': inPods('delete pods'),
  'kill-process': signalled,
  'pause-process': signalled,
  'stop-instance': stopped,
  'power-cut': stopped,
  'zone-outage': outage,
  'two-zone-outage': outage,
  'out-of-service': cordoned,
  'terminate-instance': (scope) => [ec2('TerminateInstances', ...ids(scope))],
  'reboot-instance': (scope) => [ec2('RebootInstances', ...ids(scope))],
  'detach-volume': (scope) => [
    ec2('DetachVolume', ANY_VOLUME, ...ids(scope)),
    ...cordoned(scope),
    ...inPods('delete pods')(scope),
    ...inPods('create pods/exec')(scope),
  ],
  'zone-partition': ({ vpcs, subnets, acls }) => [
    ec2('CreateNetworkAcl', ...vpcs),
    ec2('ReplaceNetworkAclAssociation', ...subnets, ...acls, MADE_BY_THE_RUN),
    ec2('DeleteNetworkAcl', MADE_BY_THE_RUN),
  ],
  'capacity-outage': (scope) => [
    ...capacityGone(scope),
    ec2('RunInstances', ...scope.subnets),
    // Only if the launch that has to fail does not.
    ec2('TerminateInstances', MADE_BY_THE_RUN),
  ],
}

/** Stands for the ids of what the same run has made. */
export const MADE_BY_THE_RUN = 'what the run made'
