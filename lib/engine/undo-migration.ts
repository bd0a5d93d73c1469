import type { Volume } from '@aws-sdk/client-ec2'
import type { KubernetesObject } from '@kubernetes/client-node'
import { z } from 'zod'
import { deleteCopies, GIVEN_TAG, listCopies, SOURCE_TAG } from '../aws/copies.ts'
import type { Ec2 } from '../aws/ec2.ts'
import { tagOf } from '../aws/tags.ts'
import { type Cluster, explainApiError, orAbsent, statusOf } from '../kube/cluster.ts'
import { MIGRATION_LABEL } from '../migrate/adoption-objects.ts'
import { PreflightError } from '../model/errors.ts'
import { readMark } from '../migrate/given-mark.ts'
import { poll } from '../std/poll.ts'
import { AUDITED_KINDS } from './audit.ts'
import { deleteByUid, describeRemains } from './undo-tools.ts'

/** An object that a migration made. */
interface MadeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace: string | undefined
  readonly object: KubernetesObject
}

/** All that carries the mark of one migration. */
export interface MigrationRemains {
  readonly token: string
  readonly objects: readonly MadeObject[]
  readonly volumeIds: readonly string[]
  readonly snapshotIds: readonly string[]
  /** Why the copies may hold what nothing else does; a sentence each. */
  readonly uses: readonly string[]
  /** Of these snapshots no volume was made that is there: they may be all there is. */
  readonly unusedSnapshotIds: readonly string[]
}

/** Kinds whose pods should be gone before what they mount is deleted, and pods themselves. */
const WORKLOADS = ['StatefulSet', 'Deployment', 'DaemonSet', 'CronJob', 'Job', 'Pod']
/** In this order, after the workloads and whatever else there is; the copies come after all of them. */
const LAST = ['PersistentVolumeClaim', 'PersistentVolume', 'StorageClass']
const KINDS = [...AUDITED_KINDS, ['v1', 'PersistentVolume'] as const].map(
  ([apiVersion, ...kinds]) =>
    [apiVersion, ...kinds.filter((kind) => kind !== 'Namespace')] as const,
)

/**
 * Looks for everything that a migration made, by its label and its tag: it needs no journal, so any
 * machine can do it. Reads only.
 */
export async function findMigration(
  {
    cluster,
    clusterUid,
    ec2,
  }: { readonly cluster: Cluster; readonly clusterUid: string; readonly ec2: Ec2 },
  token: string,
): Promise<MigrationRemains> {
  const [objects, copies] = await Promise.all([madeObjects(cluster, token), listCopies(ec2, token)])
  const all = [...copies.volumes, ...copies.snapshots]
  const sources = [...new Set(all.flatMap((one) => tagOf(one, SOURCE_TAG) ?? []))]
  const there = new Set((await ec2.listVolumes(sources)).map(({ VolumeId }) => VolumeId))
  const used = new Set(copies.volumes.map(({ SnapshotId }) => SnapshotId))
  return {
    token,
    objects,
    volumeIds: copies.volumes.flatMap(({ VolumeId }) => VolumeId ?? []),
    snapshotIds: copies.snapshots.flatMap(({ SnapshotId }) => SnapshotId ?? []),
    uses: [
      ...gifts(copies.volumes, objects, clusterUid),
      ...objects.flatMap(useOf),
      ...copies.volumes.flatMap(({ VolumeId, State, Attachments = [] }) =>
        State === 'in-use'
          ? [`${VolumeId} is attached to ${Attachments[0]?.InstanceId ?? 'an instance'}.`]
          : [],
      ),
      ...sources
        .filter((id) => !there.has(id))
        .map((id) => `${id}, which was copied, is not there any more.`),
    ],
    unusedSnapshotIds: copies.snapshots.flatMap(({ SnapshotId }) =>
      SnapshotId === undefined || used.has(SnapshotId) ? [] : [SnapshotId],
    ),
  }
}

/** By the mark on the volumes: the StatefulSet may be gone by now, or this may be another cluster. */
function gifts(
  volumes: readonly Volume[],
  objects: readonly MadeObject[],
  clusterUid: string,
): string[] {
  const there = new Set(objects.map(labelOf))
  return [...new Set(volumes.flatMap((one) => tagOf(one, GIVEN_TAG) ?? []))].map((mark) => {
    const { name, isHere } = readMark(mark, clusterUid)
    const given = `The copies were given to StatefulSet ${name}`
    if (!isHere) return `${given} of another cluster.`
    return there.has(`StatefulSet ${name}`) ? `${given}.` : `${given}, which is not there.`
  })
}

const withPhase = z.looseObject({ status: z.looseObject({ phase: z.string() }) })

/** Pods of a StatefulSet have written, or may have; a volume whose claim somebody deleted was used. */
function useOf({ kind, name, namespace, object }: MadeObject): string[] {
  if (kind === 'StatefulSet') return [`StatefulSet ${namespace}/${name} has the copies.`]
  const phase = withPhase.safeParse(object).data?.status.phase
  return kind === 'PersistentVolume' && (phase === 'Released' || phase === 'Failed')
    ? [`Somebody deleted the claim of PersistentVolume ${name}, which pods may have used.`]
    : []
}

/**
 * Deletes what a migration made and nothing else: pods first, then claims and persistent volumes,
 * and the copies once nothing has them. Namespaces stay: what else is in them is not known. The
 * machines and volumes that were copied carry no mark of it.
 *
 * @param tell hears of each thing that is gone, and of what stays
 */
export async function undoMigration(
  cluster: Cluster,
  ec2: Ec2,
  { token, objects }: MigrationRemains,
  tell: (text: string) => void,
): Promise<void> {
  for (const one of objects.toSorted((a, b) => turnOf(a) - turnOf(b))) {
    const isGone = await deleteMade(cluster, one)
    tell(isGone ? `deleted ${labelOf(one)}` : `${labelOf(one)} is another's by now, and stays`)
  }
  await deleteCopies(ec2, token, { tell })
}

async function madeObjects(cluster: Cluster, token: string): Promise<MadeObject[]> {
  const found = await Promise.all(
    KINDS.flatMap(([apiVersion, ...kinds]) =>
      kinds.map((kind) => list(cluster, apiVersion, kind, `${MIGRATION_LABEL}=${token}`)),
    ),
  )
  return found.flat()
}

async function list(
  cluster: Cluster,
  apiVersion: string,
  kind: string,
  label: string,
): Promise<MadeObject[]> {
  try {
    const { items } = await cluster.objects.list(
      apiVersion,
      kind,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      label,
    )
    return items.map((object) => ({
      apiVersion,
      kind,
      name: object.metadata?.name ?? '?',
      namespace: object.metadata?.namespace,
      object,
    }))
  } catch (error) {
    // A cluster that has no such kind has none of it; who may not see a kind has made none.
    if (statusOf(error) === 404 || (statusOf(error) === 403 && !needed(kind))) return []
    throw new PreflightError(`Objects of kind ${kind} can't be listed: ${explainApiError(error)}`, {
      cause: error,
    })
  }
}

/** Kinds that every migration makes: without a look at them nothing is known. */
function needed(kind: string): boolean {
  return ['StatefulSet', 'PersistentVolumeClaim', 'PersistentVolume'].includes(kind)
}

function turnOf({ kind }: MadeObject): number {
  const workload = WORKLOADS.indexOf(kind)
  if (workload >= 0) return workload
  return WORKLOADS.length + 1 + LAST.indexOf(kind)
}

const labelOf = ({ kind, name, namespace }: MadeObject): string =>
  `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`

/** Whether it is gone; not when another has its name. */
async function deleteMade(cluster: Cluster, made: MadeObject): Promise<boolean> {
  const { apiVersion, kind, name, namespace, object } = made
  const uid = object.metadata?.uid
  const header = {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  }
  const policy = WORKLOADS.includes(kind) ? 'Foreground' : 'Background'
  if (!(await deleteByUid(cluster, header, uid, policy))) return false
  await poll({ what: `${labelOf(made)} to be gone`, budget: 'claimsGone' }, async () => {
    const left = await orAbsent(cluster.objects.read(header))
    return left === undefined || left.metadata?.uid !== uid
      ? { done: true, value: true }
      : { done: false, seen: describeRemains(left) }
  })
  return true
}
