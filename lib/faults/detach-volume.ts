import type { V1Pod } from '@kubernetes/client-node'
import { attachmentState, detachVolume as detach } from '../aws/attachments.ts'
import { type Cluster, orAbsent } from '../kube/cluster.ts'
import { instanceIdOf } from '../kube/node-state.ts'
import { InconclusiveError } from '../model/errors.ts'
import type { MountedVolume } from '../model/journal.ts'
import { poll } from '../std/poll.ts'
import { statusOfContainer } from './container-process.ts'
import {
  type Fault,
  type FaultContext,
  type FaultPlan,
  type FaultView,
  healByUndo,
  needAws,
} from './fault.ts'
import { isIoError, writeFailure } from './io-probe.ts'
import { type KeptPod, keptPods, keptPodsBack } from './kept-pods.ts'

/** Which volume, by the pod that has it mounted; without a claim the pod's only one. */
export interface DetachWish {
  readonly pod: string
  readonly claim?: string
  /** EC2's `Force`. Nitro instances detach at once without it too. */
  readonly force: boolean
}

export interface DetachPlan extends FaultPlan, MountedVolume {
  readonly container: string
  readonly path: string
  readonly restartCount: number
  readonly force: boolean
  readonly kept: readonly KeptPod[]
}

/**
 * Takes a volume away under a running database. Nitro instances let go of it at once and the file
 * system answers with I/O errors; Xen ones keep it `busy` while it is mounted, and the database goes
 * on, until it is detached once more, by force. The VolumeAttachment goes on claiming that it is
 * attached.
 */
export const detachVolume: Fault<DetachWish, DetachPlan> = {
  name: 'detach-volume',
  plan: planDetach,
  inject: async (context, plan) => {
    const ec2 = await needAws(context, 'detach-volume').ec2()
    const { namespace, pod, uid, node, wasUnschedulable, volumeId, instanceId, attachment } = plan
    const { id } = await context.log.change(
      {
        action: `detach ${volumeId} of pod ${pod} from ${instanceId}${plan.force ? ' by force' : ''}`,
        undo: {
          kind: 'remount-volume',
          namespace,
          pod,
          uid,
          node,
          wasUnschedulable,
          volumeId,
          instanceId,
          attachment,
        },
      },
      () => detach(ec2, volumeId, instanceId, plan),
    )
    return { changes: [id] }
  },
  observe: observeDetached,
  heal: healByUndo,
  recovered: (context, { kept }) => keptPodsBack(context, kept),
}

async function observeDetached(context: FaultContext, plan: DetachPlan) {
  const ec2 = await needAws(context, 'detach-volume').ec2()
  const { volumeId, instanceId, pod, attachment } = plan
  const state = await poll(
    {
      what: `volume ${volumeId} to be detached${plan.force ? '' : ' or busy'}`,
      budget: 'volumeDetached',
    },
    async () => {
      const now = await attachmentState(ec2, volumeId, instanceId)
      return now === 'detached' || (now === 'busy' && !plan.force)
        ? { done: true, value: now }
        : { done: false, seen: now }
    },
  )
  const told =
    state === 'busy'
      ? (await troubleOf(context, plan)).what
      : await poll(
          { what: `pod ${pod} to see its volume fail`, budget: 'containerRestarted' },
          async () => {
            const seen = await troubleOf(context, plan)
            return seen.failed ? { done: true, value: seen.what } : { done: false, seen: seen.what }
          },
        )
  const claims = await orAbsent(context.cluster.storage.readVolumeAttachment({ name: attachment }))
  return {
    text:
      state === 'busy'
        ? `Volume ${volumeId} is busy, its instance keeps it while it is mounted; pod ${pod}: ${told}.`
        : `Volume ${volumeId} is detached; pod ${pod}: ${told}.`,
    data: {
      attachment: state,
      pod: told,
      volumeAttachmentClaimsAttached: claims?.status?.attached ?? false,
    },
  }
}

/** What the pod makes of it: its writes fail, or its container has ended over it. */
async function troubleOf(
  { cluster }: FaultContext,
  plan: DetachPlan,
): Promise<{ failed: boolean; what: string }> {
  const found = await orAbsent(
    cluster.core.readNamespacedPod({ namespace: plan.namespace, name: plan.pod }),
  )
  if (found?.metadata?.uid !== plan.uid) return { failed: true, what: 'the pod was replaced' }
  const status = statusOfContainer(found, plan.container)
  if (status && (status.restartCount > plan.restartCount || status.state?.terminated)) {
    const { reason, exitCode } = status.lastState?.terminated ?? status.state?.terminated ?? {}
    return { failed: true, what: `its container ended (${reason ?? '?'}, ${exitCode ?? '?'})` }
  }
  const failure = await writeFailure(cluster, plan)
  if (failure === undefined) return { failed: false, what: 'it writes on' }
  return { failed: isIoError(failure), what: failure }
}

async function planDetach(view: FaultView, wish: DetachWish): Promise<DetachPlan> {
  const { cluster, namespace } = view
  const ec2 = await needAws(view, 'detach-volume').ec2()
  const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name: wish.pod }))
  const uid = pod?.metadata?.uid
  const node = pod?.spec?.nodeName
  if (!pod || uid === undefined || node === undefined) {
    throw new InconclusiveError(`There is no running pod ${wish.pod} to take a volume from.`)
  }
  const mount = mountOf(pod, wish.claim)
  const { volumeId, attachment } = await volumeBehind(cluster, namespace, mount.claim, node)
  const found = await cluster.core.readNode({ name: node })
  const instanceId = instanceIdOf(found)
  if (instanceId === undefined) throw new InconclusiveError(`Node ${node} is no EC2 instance.`)
  const state = await attachmentState(ec2, volumeId, instanceId)
  if (state !== 'attached' && !(state === 'busy' && wish.force)) {
    throw new InconclusiveError(`Volume ${volumeId} is ${state}, not attached to ${instanceId}.`)
  }
  return {
    subject: `volume/${volumeId}`,
    text: `Detach ${volumeId} of pod ${wish.pod} from ${node} (${instanceId}).`,
    touches: [`volume/${volumeId}`, `pod/${wish.pod}`, `node/${node}`],
    namespace,
    pod: wish.pod,
    uid,
    node,
    wasUnschedulable: found.spec?.unschedulable ?? false,
    volumeId,
    instanceId,
    attachment,
    container: mount.container,
    path: mount.path,
    restartCount: statusOfContainer(pod, mount.container)?.restartCount ?? 0,
    force: wish.force,
    kept: keptPods([pod]),
  }
}

function mountOf(
  pod: V1Pod,
  wanted: string | undefined,
): { claim: string; container: string; path: string } {
  const volumes = (pod.spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim }) => {
    const claim = persistentVolumeClaim?.claimName
    return claim !== undefined && claim === (wanted ?? claim) ? [{ name, claim }] : []
  })
  const [volume] = volumes
  const name = pod.metadata?.name
  if (!volume || volumes.length > 1) {
    const claims = volumes.map(({ claim }) => claim).join(', ')
    throw new InconclusiveError(
      `Pod ${name} mounts ${volumes.length} claims${claims ? ` (${claims})` : ''}: name one.`,
    )
  }
  for (const container of pod.spec?.containers ?? []) {
    const mount = container.volumeMounts?.find((item) => item.name === volume.name)
    if (mount) return { claim: volume.claim, container: container.name, path: mount.mountPath }
  }
  throw new InconclusiveError(`No container of pod ${name} mounts claim ${volume.claim}.`)
}

async function volumeBehind(
  cluster: Cluster,
  namespace: string,
  claim: string,
  node: string,
): Promise<{ volumeId: string; attachment: string }> {
  const found = await cluster.core.readNamespacedPersistentVolumeClaim({ namespace, name: claim })
  const volume = found.spec?.volumeName
  const pv =
    volume === undefined ? undefined : await cluster.core.readPersistentVolume({ name: volume })
  const volumeId = pv?.spec?.csi?.volumeHandle
  const { items } = await cluster.storage.listVolumeAttachment()
  const attachment = items.find(
    ({ spec }) => spec.nodeName === node && spec.source.persistentVolumeName === volume,
  )?.metadata?.name
  if (!volumeId?.startsWith('vol-') || attachment === undefined) {
    throw new InconclusiveError(`Claim ${claim} has no EBS volume attached to ${node}.`)
  }
  return { volumeId, attachment }
}
