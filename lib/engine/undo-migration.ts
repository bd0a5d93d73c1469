import type { KubernetesObject } from '@kubernetes/client-node'
import { z } from 'zod'
import { deleteCopies, listCopies, SOURCE_TAG } from '../aws/copies.ts'
import type { Ec2 } from '../aws/ec2.ts'
import { tagOf } from '../aws/tags.ts'
import { type Cluster, explainApiError, orAbsent, statusOf } from '../kube/cluster.ts'
import { MIGRATION_LABEL } from '../migrate/adoption-objects.ts'
import { PreflightError } from '../model/errors.ts'
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
/** In this order, after the workloads and whatever else there is; namespaces come after the copies. */
const LAST = ['PersistentVolumeClaim', 'PersistentVolume', 'StorageClass']
const KINDS = [...AUDITED_KINDS, ['v1', 'PersistentVolume'] as const]
/** What every namespace has of itself. */
const BUILT_IN = new Set(['ConfigMap kube-root-ca.crt', 'ServiceAccount default'])

/**
 * Looks for everything that a migration made, by its label and its tag: it needs no journal, so any
 * machine can do it. Reads only.
 */
export async function findMigration(
  cluster: Cluster,
  ec2: Ec2,
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

const withPhase = z.looseObject({ status: z.looseObject({ phase: z.string() }) })

/** A set of pods has written, or may have; a volume whose claim somebody deleted was used before. */
function useOf({ kind, name, namespace, object }: MadeObject): string[] {
  if (kind === 'StatefulSet') return [`Pods of StatefulSet ${namespace}/${name} have the copies.`]
  const phase = withPhase.safeParse(object).data?.status.phase
  return kind === 'PersistentVolume' && (phase === 'Released' || phase === 'Failed')
    ? [`Somebody deleted the claim of PersistentVolume ${name}, which pods may have used.`]
    : []
}

/**
 * Deletes what a migration made and nothing else: pods first, then claims and persistent volumes,
 * the copies once nothing has them, and a namespace of its own if it holds nothing of others. The
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
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace')
  const others = objects.filter(({ kind }) => kind !== 'Namespace')
  for (const one of others.toSorted((a, b) => turnOf(a) - turnOf(b))) {
    await deleteMade(cluster, one)
    tell(`deleted ${labelOf(one)}`)
  }
  await deleteCopiesOf(ec2, token, tell)
  for (const one of namespaces) {
    const inside = await contentOf(cluster, one.name)
    if (inside.length > 0) tell(`Namespace ${one.name} stays: it holds ${inside.join(', ')}`)
    else {
      await deleteMade(cluster, one)
      tell(`deleted ${labelOf(one)}`)
    }
  }
}

/** Deletes a migration's snapshots alone: its volumes don't need them once they are made. */
export async function deleteSnapshotsOf(
  { client, sdk }: Ec2,
  { snapshotIds }: MigrationRemains,
  tell: (text: string) => void,
): Promise<void> {
  for (const SnapshotId of snapshotIds) {
    await client.send(new sdk.DeleteSnapshotCommand({ SnapshotId }))
    tell(`deleted snapshot ${SnapshotId}`)
  }
}

async function deleteCopiesOf(
  ec2: Ec2,
  token: string,
  tell: (text: string) => void,
): Promise<void> {
  const { volumes, snapshots } = await listCopies(ec2, token)
  // Waits for those that EC2 does not show yet, too.
  await deleteCopies(ec2, token)
  for (const { VolumeId } of volumes) tell(`deleted volume ${VolumeId}`)
  for (const { SnapshotId } of snapshots) tell(`deleted snapshot ${SnapshotId}`)
}

async function madeObjects(cluster: Cluster, token: string): Promise<MadeObject[]> {
  const found = await Promise.all(
    KINDS.flatMap(([apiVersion, ...kinds]) =>
      kinds.map((kind) =>
        list(cluster, apiVersion, kind, { label: `${MIGRATION_LABEL}=${token}` }),
      ),
    ),
  )
  return found.flat()
}

/** What a namespace holds that it has not of itself; an object that another made goes with that. */
async function contentOf(cluster: Cluster, namespace: string): Promise<string[]> {
  const found = await Promise.all(
    AUDITED_KINDS.flatMap(([apiVersion, ...kinds]) =>
      kinds.map((kind) => list(cluster, apiVersion, kind, { namespace })),
    ),
  )
  return found
    .flat()
    .filter(
      ({ namespace: where, object }) => where === namespace && !object.metadata?.ownerReferences,
    )
    .map(({ kind, name }) => `${kind} ${name}`)
    .filter((text) => !BUILT_IN.has(text))
}

async function list(
  cluster: Cluster,
  apiVersion: string,
  kind: string,
  { label, namespace }: { readonly label?: string; readonly namespace?: string },
): Promise<MadeObject[]> {
  try {
    const { items } = await cluster.objects.list(
      apiVersion,
      kind,
      namespace,
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

async function deleteMade(cluster: Cluster, made: MadeObject): Promise<void> {
  const { apiVersion, kind, name, namespace, object } = made
  const uid = object.metadata?.uid
  const header = {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  }
  const policy = WORKLOADS.includes(kind) ? 'Foreground' : 'Background'
  if (!(await deleteByUid(cluster, header, uid, policy))) return
  await poll({ what: `${labelOf(made)} to be gone`, budget: 'claimsGone' }, async () => {
    const left = await orAbsent(cluster.objects.read(header))
    return left === undefined || left.metadata?.uid !== uid
      ? { done: true, value: true }
      : { done: false, seen: describeRemains(left) }
  })
}
