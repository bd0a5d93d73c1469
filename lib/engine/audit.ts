import type { KubernetesObject } from '@kubernetes/client-node'
import { Aws } from '../aws/aws.ts'
import { listTagged } from '../aws/tagged.ts'
import { CLAIM_NAMESPACE_TAG } from '../aws/tags.ts'
import { type Cluster, explainApiError, statusOf } from '../kube/cluster.ts'
import { resourceOf } from '../kube/resource-of.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import type { AwsAccess, TargetDescription } from '../model/target.ts'

/** Something that carries a run's mark and is still there. */
export interface LeftOver {
  readonly where: 'AWS' | 'Kubernetes'
  readonly kind: string
  /** An id, or a name with its namespace. */
  readonly name: string
  /** The run that it is of. */
  readonly run: string
  readonly state?: string
}

/** What an account and a cluster still hold of runs. */
export interface Audit {
  readonly left: readonly LeftOver[]
  /** What could not be looked at, and why; a sentence each. Nothing is known of it. */
  readonly unseen: readonly string[]
  /** Kinds that this user may neither list nor make: none of its runs made any. */
  readonly beyond: readonly string[]
}

/** A namespace of a run's own begins so. */
const RUN_NAMESPACE = /^zonefall-(\d{8}-\d{6}-[a-z0-9]{4})/

/** Kinds of which a run, or the manifests that it is given, may make something. */
export const AUDITED_KINDS: readonly (readonly [apiVersion: string, ...kinds: string[]])[] = [
  [
    'v1',
    'Namespace',
    'Pod',
    'PersistentVolumeClaim',
    'Service',
    'ConfigMap',
    'Secret',
    'ServiceAccount',
  ],
  ['apps/v1', 'StatefulSet', 'Deployment', 'DaemonSet'],
  ['batch/v1', 'Job', 'CronJob'],
  ['policy/v1', 'PodDisruptionBudget'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['rbac.authorization.k8s.io/v1', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
  ['storage.k8s.io/v1', 'StorageClass'],
]

/**
 * Looks for everything that carries the mark of a run: labels of objects in all namespaces, tags of
 * what is in the account. It knows of no journal, so it finds what a run left that nobody remembers.
 *
 * @param runId only this run's, or the beginning of its id; default: of all runs
 */
export async function auditTarget(
  cluster: Cluster,
  { aws: access }: Pick<TargetDescription, 'aws'>,
  runId = '',
): Promise<Audit> {
  const [objects, volumes, account] = await Promise.all([
    auditObjects(cluster),
    auditVolumes(cluster),
    access === undefined ? NOTHING : auditAccount(access),
  ])
  return ofRun(joined([objects, volumes, account]), runId)
}

/** What is known where there is nothing. */
const NOTHING: Audit = { left: [], unseen: [], beyond: [] }

/** The same of an account alone: its cluster may be gone. */
export async function auditAccount(access: AwsAccess, runId = ''): Promise<Audit> {
  return ofRun(await lookAtAccount(access), runId)
}

function ofRun({ left, ...rest }: Audit, runId: string): Audit {
  return { ...rest, left: left.filter(({ run }) => run.startsWith(runId)) }
}

async function auditObjects(cluster: Cluster): Promise<Audit> {
  const { objects } = cluster
  const looks = AUDITED_KINDS.flatMap(([apiVersion, ...kinds]) =>
    kinds.map(async (kind) => {
      const found = await look(`objects of kind ${kind}`, async () => {
        const { items } = await objects.list(
          apiVersion,
          kind,
          undefined,
          undefined,
          undefined,
          undefined,
          undefined,
          RUN_LABEL,
        )
        return items.map((item) => leftObject(kind, item, item.metadata?.labels?.[RUN_LABEL]))
      })
      return found.unseen.length > 0 && !(await mayMake(cluster, apiVersion, kind))
        ? { ...NOTHING, beyond: [kind] }
        : found
    }),
  )
  return joined(await Promise.all(looks))
}

/** Whether the user may make something of a kind; what can't be found out counts as yes. */
async function mayMake({ auth }: Cluster, apiVersion: string, kind: string): Promise<boolean> {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const attributes = { group, resource: resourceOf(kind), verb: 'create' }
  try {
    const { status } = await auth.createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: attributes } },
    })
    return status?.allowed !== false
  } catch {
    return true
  }
}

/** Persistent volumes have no labels of a run: they are known by the namespace of their claim. */
function auditVolumes({ core }: Cluster): Promise<Audit> {
  return look('persistent volumes', async () => {
    const { items } = await core.listPersistentVolume()
    return items.flatMap((item) => {
      const run = runOfNamespace(item.spec?.claimRef?.namespace)
      const state = item.status?.phase
      return run === undefined
        ? []
        : [{ ...leftObject('PersistentVolume', item, run), ...(state ? { state } : {}) }]
    })
  })
}

function lookAtAccount(access: AwsAccess): Promise<Audit> {
  return look('the account', async () => {
    const aws = new Aws(access)
    try {
      const found = await listTagged(await aws.ec2(), [RUN_LABEL, CLAIM_NAMESPACE_TAG])
      return found.flatMap(({ kind, id, state, tags }): LeftOver[] => {
        const run = tags[RUN_LABEL] ?? runOfNamespace(tags[CLAIM_NAMESPACE_TAG])
        if (run === undefined) return []
        return [{ where: 'AWS', kind, name: id, run, ...(state === '' ? {} : { state }) }]
      })
    } finally {
      await aws.close()
    }
  })
}

async function look(what: string, list: () => Promise<LeftOver[]>): Promise<Audit> {
  try {
    return { ...NOTHING, left: await list() }
  } catch (error) {
    // A cluster that has no such kind has none of it left.
    if (statusOf(error) === 404) return NOTHING
    return {
      ...NOTHING,
      unseen: [`It could not be seen whether ${what} are left: ${explainApiError(error)}.`],
    }
  }
}

function leftObject(kind: string, { metadata }: KubernetesObject, run = '?'): LeftOver {
  const { name = '?', namespace } = metadata ?? {}
  return {
    where: 'Kubernetes',
    kind,
    name: namespace === undefined ? name : `${namespace}/${name}`,
    run,
    ...(metadata?.deletionTimestamp === undefined ? {} : { state: 'being deleted' }),
  }
}

function runOfNamespace(namespace: string | undefined): string | undefined {
  return RUN_NAMESPACE.exec(namespace ?? '')?.[1]
}

function joined(audits: readonly Audit[]): Audit {
  return {
    left: audits.flatMap(({ left }) => left),
    unseen: audits.flatMap(({ unseen }) => unseen),
    beyond: audits.flatMap(({ beyond }) => beyond),
  }
}
