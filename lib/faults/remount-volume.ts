import { attachmentState } from '../aws/attachments.ts'
import type { Aws } from '../aws/aws.ts'
import type { Ec2 } from '../aws/ec2.ts'
import { untilSettled } from '../aws/settled.ts'
import { type Cluster, orAbsent, statusOf } from '../kube/cluster.ts'
import { setUnschedulable } from '../kube/cordon.ts'
import { CleanupError } from '../model/errors.ts'
import type { MountedVolume } from '../model/journal.ts'
import { poll } from '../std/poll.ts'
import { writeFailure } from './io-probe.ts'

/** Long enough to say goodbye, not for a database to drain to a disk that isn't there. */
const MAX_GRACE_SECONDS = 30

/**
 * Brings a volume that was taken from under a pod back. Attaching it again alone doesn't revive a
 * mounted file system: the pod has to go, so that the kubelet unmounts, and may come back only when
 * the VolumeAttachment is gone too; the cordon holds it off until then.
 */
export async function remountVolume(
  tools: { readonly cluster: Cluster; readonly aws: Aws | undefined; readonly signal: AbortSignal },
  volume: MountedVolume,
): Promise<void> {
  const { cluster, aws, signal } = tools
  const { namespace, pod: name, uid, node, wasUnschedulable, volumeId, instanceId } = volume
  if (!aws) throw new CleanupError(`Volume ${volumeId} can't be looked at without access to AWS.`)
  const ec2 = await aws.ec2()
  await setUnschedulable(cluster, node, true)
  try {
    const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
    const what = `pod ${name} to have lost volume ${volumeId}`
    const look = async () => (await isBroken(cluster, volume, ec2)) || undefined
    if (pod?.metadata?.uid === uid && (await untilSettled(ec2, what, look, signal))) {
      await deletePod(cluster, volume, pod.spec?.terminationGracePeriodSeconds)
      await poll(
        { what: `volume ${volumeId} to be let go of by pod ${name}`, budget: 'podGone', signal },
        async () => {
          const left = await leftOf(cluster, volume)
          const state = await attachmentState(ec2, volumeId, instanceId)
          if (state !== 'detached') left.push(`attachment ${state}`)
          return left.length === 0
            ? { done: true, value: true }
            : { done: false, seen: left.join(', ') }
        },
      )
    }
  } finally {
    await setUnschedulable(cluster, node, wasUnschedulable)
  }
}

/** Whether the pod that lost its volume is there still, and without it. */
async function isBroken(
  cluster: Cluster,
  { namespace, pod: name, uid, volumeId, instanceId }: MountedVolume,
  ec2: Ec2,
): Promise<boolean> {
  const attachment = await attachmentState(ec2, volumeId, instanceId)
  const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
  if (pod?.metadata?.uid !== uid) return false
  if (attachment !== 'attached') return true
  // Attached again, or still: only its file system tells.
  const mounts = await mountsOf(cluster, namespace, name, volumeId)
  for (const mount of mounts) {
    if ((await writeFailure(cluster, { namespace, pod: name, ...mount })) !== undefined) return true
  }
  return mounts.length === 0
}

async function mountsOf(
  cluster: Cluster,
  namespace: string,
  name: string,
  volumeId: string,
): Promise<{ container: string; path: string }[]> {
  const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
  const { items } = await cluster.core.listPersistentVolume()
  const claim = items.find(({ spec }) => spec?.csi?.volumeHandle === volumeId)?.spec?.claimRef?.name
  const volume = pod?.spec?.volumes?.find(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim,
  )?.name
  return (pod?.spec?.containers ?? []).flatMap((container) =>
    (container.volumeMounts ?? [])
      .filter((mount) => mount.name === volume)
      .map((mount) => ({ container: container.name, path: mount.mountPath })),
  )
}

async function deletePod(
  cluster: Cluster,
  { namespace, pod: name, uid }: MountedVolume,
  graceSeconds = MAX_GRACE_SECONDS,
): Promise<void> {
  const gracePeriodSeconds = Math.min(graceSeconds, MAX_GRACE_SECONDS)
  try {
    await orAbsent(
      cluster.core.deleteNamespacedPod({
        namespace,
        name,
        body: { preconditions: { uid }, gracePeriodSeconds },
      }),
    )
  } catch (error) {
    if (statusOf(error) !== 409) throw error
  }
}

async function leftOf(
  cluster: Cluster,
  { namespace, pod: name, uid, attachment }: MountedVolume,
): Promise<string[]> {
  const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
  const claim = await orAbsent(cluster.storage.readVolumeAttachment({ name: attachment }))
  return [
    ...(pod?.metadata?.uid === uid ? [`pod ${name}`] : []),
    ...(claim ? [`VolumeAttachment ${attachment}`] : []),
  ]
}
