import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node'
import { isClaimNameOf } from '../kube/claim-selector.ts'
import { orAbsent } from '../kube/cluster.ts'
import type { Undo } from '../model/journal.ts'
import { describeRemains, isOurs, untilGone, type UndoTools } from './undo-tools.ts'

/** On each volume that a provisioner made, and on none that a person wrote. */
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by'

/**
 * Deletes claims by label and waits until their persistent volumes, and with EC2 the volumes
 * behind them, are gone. Volumes whose claim went before (an undo that was cut off) are awaited
 * too. A volume that its class retains is deleted by name if it is younger than the run, and what is
 * behind it only if it was made for it: a volume that somebody put behind one by hand is theirs.
 */
export async function deleteClaims(
  undo: Extract<Undo, { kind: 'delete-claims' }>,
  tools: UndoTools,
): Promise<void> {
  const { namespace, selector, prefixes } = undo
  const isOfSet = (name = ''): boolean => prefixes === undefined || isClaimNameOf(prefixes, name)
  const { items } = await tools.cluster.core.listNamespacedPersistentVolumeClaim({
    namespace,
    labelSelector: selector,
  })
  const claims = items.filter(({ metadata }) => isOfSet(metadata?.name))
  const volumes = await volumesOf(namespace, claims, isOfSet, tools)
  await deleteThese(namespace, claims, volumes, tools)
}

/** Deletes one claim by name; see `deleteClaims`. */
export async function deleteOneClaim(
  { name, awaitGone }: Extract<Undo, { kind: 'delete-object' }>,
  namespace: string,
  madeUid: string | undefined,
  tools: UndoTools,
): Promise<void> {
  const { core } = tools.cluster
  const found = await orAbsent(core.readNamespacedPersistentVolumeClaim({ namespace, name }))
  const claim = found && isOurs(found, madeUid, tools) ? found : undefined
  if (!awaitGone) {
    if (claim) await orAbsent(core.deleteNamespacedPersistentVolumeClaim({ namespace, name }))
    return
  }
  const claims = claim ? [claim] : []
  const volumes = await volumesOf(namespace, claims, (owner) => owner === name, tools)
  await deleteThese(namespace, claims, volumes, tools)
}

async function deleteThese(
  namespace: string,
  claims: readonly V1PersistentVolumeClaim[],
  volumes: readonly V1PersistentVolume[],
  tools: UndoTools,
): Promise<void> {
  const { core } = tools.cluster
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

/**
 * The volumes that go with these claims, and those which claims of such names left behind in this
 * run. One that is older than the run and retained was somebody's before and stays.
 */
async function volumesOf(
  namespace: string,
  claims: readonly V1PersistentVolumeClaim[],
  isOwner: (claim?: string) => boolean,
  { cluster, startedAtEpochMs }: UndoTools,
): Promise<readonly V1PersistentVolume[]> {
  const bound = new Set(claims.map((claim) => claim.spec?.volumeName).filter(Boolean))
  const { items: volumes } = await cluster.core.listPersistentVolume()
  const { items: living } = await cluster.core.listNamespacedPersistentVolumeClaim({ namespace })
  const livingUids = new Set(living.map((claim) => claim.metadata?.uid))
  return volumes.filter((volume) => {
    const owner = volume.spec?.claimRef
    const madeAtMs = volume.metadata?.creationTimestamp?.getTime() ?? 0
    // A second of slack: the API server's times have no fractions.
    const isOfThisRun = madeAtMs >= startedAtEpochMs - 1000
    const isRetained = volume.spec?.persistentVolumeReclaimPolicy === 'Retain'
    if (bound.has(volume.metadata?.name)) return isOfThisRun || !isRetained
    return (
      isOfThisRun &&
      owner?.namespace === namespace &&
      isOwner(owner.name) &&
      !livingUids.has(owner.uid)
    )
  })
}

async function awaitVolumeGone(volume: V1PersistentVolume, tools: UndoTools): Promise<void> {
  const { core } = tools.cluster
  const name = volume.metadata?.name ?? ''
  const handle = volume.spec?.csi?.volumeHandle
  const retained = volume.spec?.persistentVolumeReclaimPolicy === 'Retain'
  const isMade = volume.metadata?.annotations?.[PROVISIONED_BY] !== undefined
  if (retained) await orAbsent(core.deletePersistentVolume({ name }))
  await untilGone(`persistent volume ${name}`, 'claimsGone', tools.signal, async () => {
    const left = await orAbsent(core.readPersistentVolume({ name }))
    return left ? `phase ${left.status?.phase ?? '?'}, ${describeRemains(left)}` : undefined
  })
  if (!tools.aws || !handle?.startsWith('vol-') || (retained && !isMade)) return
  const ec2 = await tools.aws.ec2()
  if (retained) await ec2.deleteVolume(handle)
  await untilGone(`volume ${handle}`, 'volumeGone', tools.signal, async () => {
    const [left] = await ec2.listVolumes([handle])
    return left && `state ${left.State ?? '?'}`
  })
}
