import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node'
import { orAbsent } from '../kube/cluster.ts'
import type { Undo } from '../model/journal.ts'
import { describeRemains, untilGone, type UndoTools } from './undo-tools.ts'

/**
 * Deletes claims by label and waits until their persistent volumes, and with EC2 the volumes
 * behind them, are gone. Volumes whose claim went before (an undo that was cut off) are awaited
 * too. A volume that its class retains is deleted by name: this run made it.
 */
export async function deleteClaims(
  undo: Extract<Undo, { kind: 'delete-claims' }>,
  tools: UndoTools,
): Promise<void> {
  const { namespace, selector } = undo
  const { items } = await tools.cluster.core.listNamespacedPersistentVolumeClaim({
    namespace,
    labelSelector: selector,
  })
  await deleteThese(namespace, items, tools)
}

/** Deletes one claim by name; see `deleteClaims`. */
export async function deleteOneClaim(
  namespace: string,
  name: string,
  awaitGone: boolean,
  tools: UndoTools,
): Promise<void> {
  const { core } = tools.cluster
  const claim = await orAbsent(core.readNamespacedPersistentVolumeClaim({ namespace, name }))
  if (!awaitGone) {
    if (claim) await orAbsent(core.deleteNamespacedPersistentVolumeClaim({ namespace, name }))
    return
  }
  await deleteThese(namespace, claim ? [claim] : [], tools)
}

async function deleteThese(
  namespace: string,
  claims: readonly V1PersistentVolumeClaim[],
  tools: UndoTools,
): Promise<void> {
  const { core } = tools.cluster
  const volumes = await volumesOf(namespace, claims, tools)
  for (const claim of claims) {
    const name = claim.metadata?.name ?? ''
    await orAbsent(core.deleteNamespacedPersistentVolumeClaim({ namespace, name }))
  }
  for (const claim of claims) {
    const name = claim.metadata?.name ?? ''
    await untilGone(`claim ${name}`, 'claimsGone', tools.signal, async () => {
      const left = await orAbsent(core.readNamespacedPersistentVolumeClaim({ namespace, name }))
      return left && left.metadata?.uid === claim.metadata?.uid ? describeRemains(left) : undefined
    })
  }
  for (const volume of volumes) await awaitVolumeGone(volume, tools)
}

/** The volumes of these claims, and those this run's claims in the namespace left behind. */
async function volumesOf(
  namespace: string,
  claims: readonly V1PersistentVolumeClaim[],
  { cluster, startedAtEpochMs }: UndoTools,
): Promise<readonly V1PersistentVolume[]> {
  const bound = new Set(claims.map((claim) => claim.spec?.volumeName).filter(Boolean))
  const { items: volumes } = await cluster.core.listPersistentVolume()
  const { items: living } = await cluster.core.listNamespacedPersistentVolumeClaim({ namespace })
  const livingUids = new Set(living.map((claim) => claim.metadata?.uid))
  return volumes.filter((volume) => {
    if (bound.has(volume.metadata?.name)) return true
    const owner = volume.spec?.claimRef
    const madeAtMs = volume.metadata?.creationTimestamp?.getTime() ?? 0
    // A second of slack: the API server's times have no fractions.
    const isOfThisRun = madeAtMs >= startedAtEpochMs - 1000
    return owner?.namespace === namespace && !livingUids.has(owner.uid) && isOfThisRun
  })
}

async function awaitVolumeGone(volume: V1PersistentVolume, tools: UndoTools): Promise<void> {
  const { core } = tools.cluster
  const name = volume.metadata?.name ?? ''
  const handle = volume.spec?.csi?.volumeHandle
  const retained = volume.spec?.persistentVolumeReclaimPolicy === 'Retain'
  if (retained) await orAbsent(core.deletePersistentVolume({ name }))
  await untilGone(`persistent volume ${name}`, 'claimsGone', tools.signal, async () => {
    const left = await orAbsent(core.readPersistentVolume({ name }))
    return left ? `phase ${left.status?.phase ?? '?'}, ${describeRemains(left)}` : undefined
  })
  const { ec2 } = tools
  if (!ec2 || !handle?.startsWith('vol-')) return
  if (retained) await ec2.deleteVolume(handle)
  await untilGone(`volume ${handle}`, 'volumeGone', tools.signal, async () => {
    const [left] = await ec2.listVolumes([handle])
    return left && `state ${left.State ?? '?'}`
  })
}
