import type { KubernetesObject, V1PersistentVolume } from '@kubernetes/client-node'
import { Aws } from '../aws/aws.ts'
import { type Cluster, orAbsent } from '../kube/cluster.ts'
import type { TargetDescription } from '../model/target.ts'
import { capacityControl } from '../targets/lab-capacity.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import { poll, WaitTimeoutError } from '../std/poll.ts'
import { awsProjection, LEAVING } from './leaks-aws.ts'
import { nodeState, withoutPassedTaints } from './leaks-node.ts'
import { zonesInScope } from './preflight/live-zones.ts'
import type { Projection } from './records.ts'

export interface ProjectionScope {
  readonly cluster: Cluster
  readonly target: Pick<TargetDescription, 'kind' | 'context' | 'namespace' | 'aws' | 'scope'>
  readonly runId: string
  /**
   * Whether the run's namespace is its own, so that all in it counts. On a shared cluster in a
   * namespace that existed before, only objects with the run's label do.
   */
  readonly ownsNamespace: boolean
}

interface Listing {
  readonly kind: string
  readonly list: (query: {
    readonly labelSelector?: string
  }) => Promise<{ items: KubernetesObject[] }>
}

/**
 * Lists what a run may leave behind, as a person would look for it: cordons and taints, what stands
 * in the run's namespace, cluster-scoped objects, zones without capacity where that can be told, and
 * with AWS what `awsProjection` lists.
 * Taken before and after, the difference is the leak.
 *
 * On the lab everything counts. Elsewhere others' changes don't: see `ownsNamespace`.
 */
export async function takeProjection(scope: ProjectionScope): Promise<Projection> {
  const { cluster, target } = scope
  const isLab = target.kind === 'lab'
  const label = { labelSelector: `${RUN_LABEL}=${scope.runId}` }
  const projection: Projection = {}

  const { items: nodes } = await cluster.core.listNode()
  projection['Node'] = Object.fromEntries(nodes.map((node) => [nameOf(node), nodeState(node)]))

  for (const { kind, list } of namespacedKinds(cluster, target.namespace)) {
    const { items } = await list(isLab || scope.ownsNamespace ? {} : label)
    projection[kind] = names(items.filter((item) => !isAutomatic(kind, item)))
  }
  for (const { kind, list } of clusterScopedKinds(cluster)) {
    projection[kind] = names((await list(isLab ? {} : label)).items)
  }
  projection['VolumeAttachment'] = await volumeAttachments(cluster, isLab ? {} : label)
  const { items: volumes } = await cluster.core.listPersistentVolume()
  const ofNamespace = volumes.filter(
    ({ spec }) => scope.ownsNamespace && spec?.claimRef?.namespace === target.namespace,
  )
  projection['PersistentVolume'] = names(isLab ? volumes : ofNamespace)
  if (!isLab) {
    const own = await orAbsent(cluster.core.readNamespace({ name: target.namespace }))
    projection['Namespace'] = { ...projection['Namespace'], ...names(own ? [own] : []) }
  }
  const withoutCapacity = (await capacityControl(target)?.without()) ?? []
  projection['Capacity'] = Object.fromEntries(withoutCapacity.map((zone) => [zone, 'none']))
  if (target.aws) {
    const aws = new Aws(target.aws)
    try {
      const { runId } = scope
      const zones = await zonesInScope(nodes, target, aws)
      const instanceIds = zones.flatMap((zone) =>
        zone.nodes.flatMap((node) => node.instanceId ?? []),
      )
      Object.assign(projection, await awsProjection(aws, { isLab, runId, instanceIds }))
    } finally {
      await aws.close()
    }
  }
  return projection
}

/** What is left that should be gone, gone that should be left, or changed; a sentence each. */
export function compareProjections(
  before: Projection,
  after: Projection,
  relevant: (kind: string, name: string) => boolean = () => true,
): string[] {
  const differences: string[] = []
  for (const kind of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[kind] ?? {}
    const is = after[kind] ?? {}
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      if (!relevant(kind, name) || isAsBefore(was[name], is[name])) continue
      if (was[name] === undefined) {
        differences.push(`${kind} ${name} is left (${is[name]}).`)
      } else if (is[name] === undefined) {
        differences.push(`${kind} ${name} is gone, but was there before.`)
      } else {
        differences.push(`${kind} ${name} was ${was[name]} and is ${is[name]}.`)
      }
    }
  }
  return differences
}

/** Whether something is as it was, but for what was about to pass by itself. */
function isAsBefore(was: string | undefined, is: string | undefined): boolean {
  return was === is || was === LEAVING || withoutPassedTaints(was, is) === is
}

/**
 * Compares until nothing differs any more, within the budget `leaksSettle`: what was deleted may
 * take a moment to vanish, and a node's taint goes a moment after its cordon.
 *
 * @returns what still differs at the end
 */
export async function settledLeaks(
  before: Projection,
  look: () => Promise<Projection>,
  relevant: (kind: string, name: string) => boolean,
  signal?: AbortSignal,
): Promise<string[]> {
  let last: string[] = []
  try {
    await poll(
      {
        what: 'the leak list to be empty',
        owner: 'clean-up',
        budget: 'leaksSettle',
        intervalMs: 1000,
        ...(signal ? { signal } : {}),
      },
      async () => {
        last = compareProjections(before, await look(), relevant)
        return last.length === 0 ? { done: true, value: last } : { done: false, seen: last }
      },
    )
  } catch (error) {
    if (!(error instanceof WaitTimeoutError) || last.length === 0) throw error
  }
  return last
}

function namespacedKinds(cluster: Cluster, namespace: string): Listing[] {
  const { core, apps, policy } = cluster
  const of = (query: object) => ({ namespace, ...query })
  return [
    { kind: 'Pod', list: (q) => core.listNamespacedPod(of(q)) },
    {
      kind: 'PersistentVolumeClaim',
      list: (q) => core.listNamespacedPersistentVolumeClaim(of(q)),
    },
    { kind: 'StatefulSet', list: (q) => apps.listNamespacedStatefulSet(of(q)) },
    { kind: 'Deployment', list: (q) => apps.listNamespacedDeployment(of(q)) },
    { kind: 'Service', list: (q) => core.listNamespacedService(of(q)) },
    { kind: 'ConfigMap', list: (q) => core.listNamespacedConfigMap(of(q)) },
    { kind: 'Secret', list: (q) => core.listNamespacedSecret(of(q)) },
    {
      kind: 'PodDisruptionBudget',
      list: (q) => policy.listNamespacedPodDisruptionBudget(of(q)),
    },
  ]
}

function clusterScopedKinds(cluster: Cluster): Listing[] {
  const { core, storage } = cluster
  return [
    { kind: 'Namespace', list: (q) => core.listNamespace(q) },
    { kind: 'StorageClass', list: (q) => storage.listStorageClass(q) },
  ]
}

/** Their names are hashes: what is attached where says more, and lets a node be replaced. */
async function volumeAttachments(
  { storage }: Cluster,
  query: { readonly labelSelector?: string },
): Promise<Record<string, string>> {
  const { items } = await storage.listVolumeAttachment(query)
  return Object.fromEntries(
    items.map((item) => {
      const { nodeName, source } = item.spec
      const volume = source.persistentVolumeName ?? item.metadata?.name ?? '?'
      return [`of ${volume} to ${nodeName}`, isLeaving(item) ? LEAVING : 'present']
    }),
  )
}

/** What Kubernetes puts into namespaces by itself. */
function isAutomatic(kind: string, item: KubernetesObject): boolean {
  const { name, namespace } = item.metadata ?? {}
  return (
    (kind === 'ConfigMap' && name === 'kube-root-ca.crt') ||
    (kind === 'Service' && name === 'kubernetes' && namespace === 'default')
  )
}

function names(items: readonly KubernetesObject[]): Record<string, string> {
  return Object.fromEntries(
    items.map((item) => [nameOf(item), isLeaving(item) ? LEAVING : 'present']),
  )
}

function isLeaving(item: KubernetesObject | V1PersistentVolume): boolean {
  if (item.metadata?.deletionTimestamp !== undefined) return true
  if (!('spec' in item) || !('status' in item)) return false
  return item.status?.phase === 'Released' && item.spec?.persistentVolumeReclaimPolicy === 'Delete'
}

function nameOf(object: KubernetesObject): string {
  const { name = '?', namespace } = object.metadata ?? {}
  return namespace === undefined ? name : `${namespace}/${name}`
}
