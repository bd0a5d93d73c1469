import { awaitSnapshot, beginSnapshot, volumeFrom } from '../../aws/copies.ts'
import { launchLike } from '../../aws/launch.ts'
import { cause } from '../../faults/active-fault.ts'
import { capacityOutage } from '../../faults/capacity-outage.ts'
import { cordonZone } from '../../faults/cordon-zone.ts'
import { detachVolume } from '../../faults/detach-volume.ts'
import { type FaultContext, needAws } from '../../faults/fault.ts'
import { outOfService } from '../../faults/out-of-service.ts'
import { pauseProcess } from '../../faults/pause-process.ts'
import { powerCut } from '../../faults/power-cut.ts'
import { terminateInstance } from '../../faults/terminate-instance.ts'
import { zonePartition } from '../../faults/zone-partition.ts'
import type { Undo } from '../../model/journal.ts'
import type { Zone } from '../../model/target.ts'
import { randomLetters } from '../../std/ids.ts'
import type { CrashSite } from './crash-site.ts'
import { CONTAINERS } from './probe-set.ts'
import { nodesOf, podIn } from './probe-zones.ts'

/**
 * What faults and migrations have to take back. `delete-claims` and `scale-statefulset` are of
 * deployments, and `restart-databases` of a legacy ring that a person named.
 */
export const FAULT_UNDOS = [
  'await-replacement',
  'continue-process',
  'delete-acl',
  'delete-copies',
  'delete-object',
  'remount-volume',
  'remove-taint',
  'restore-acl-association',
  'restore-capacity',
  'resume-processes',
  'set-unschedulable',
  'start-instances',
  'terminate-launched',
] as const satisfies readonly Undo['kind'][]

/**
 * Breaks one thing for each kind of undo, so that one crash leaves them all due. The instance of
 * the zone with no pod is terminated, another cut off power and its node taken out of service. The
 * third zone keeps its instance and gets all the rest, first: undone last, when the others' nodes
 * are back, because its volume can't move while no CSI controller runs.
 */
export async function everyKind({ context, zones, observed }: CrashSite): Promise<void> {
  const pods = await Promise.all(zones.map((zone) => podIn(context, zone).catch(() => undefined)))
  const terminated = zones.find((_, index) => pods[index] === undefined) ?? zones[2]
  const [cut = zones[0], other = zones[1]] = zones.filter((zone) => zone !== terminated)
  await breakTheRest(context, other)
  // Before the group is told to leave its members alone: it could not be planned after.
  const termination = await terminateInstance.plan(context, nodesOf(terminated))
  await terminateInstance.inject(context, termination)
  await breakPower(context, cut)
  observed()
}

async function breakPower(context: FaultContext, zone: Zone): Promise<void> {
  await cause(powerCut, context, nodesOf(zone))
  await cause(outOfService, context, { node: zone.nodes[0]?.name ?? '' })
}

async function breakTheRest(context: FaultContext, zone: Zone): Promise<void> {
  const pod = await podIn(context, zone)
  // Before there is an instance in the subnet that is no node: it would be refused for that.
  const partition = await zonePartition.plan(context, zone)
  await leaveObject(context)
  await leaveCopy(context, zone)
  await cordonZone.inject(context, await cordonZone.plan(context, zone))
  await cause(detachVolume, context, { pod, force: false })
  await cause(pauseProcess, context, { pod, container: CONTAINERS.child })
  // It may have become a node: gone again before the pod looks for one.
  await leaveInstance(context, zone)
  await cause(capacityOutage, context, zone)
  await zonePartition.inject(context, partition)
}

/** As a canary would be left. */
async function leaveObject({ cluster, log, namespace }: FaultContext): Promise<void> {
  const name = `left-${randomLetters(6)}`
  const undo = {
    kind: 'delete-object',
    apiVersion: 'v1',
    objectKind: 'ConfigMap',
    namespace,
    name,
    awaitGone: true,
  } as const
  await log.change({ action: `create ConfigMap ${name}`, undo }, () =>
    cluster.core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } }),
  )
}

/** As a migration would leave it: a snapshot of a volume that is in use, and a volume made from it. */
async function leaveCopy(context: FaultContext, zone: Zone): Promise<void> {
  const ec2 = await needAws(context, 'every-kind').ec2()
  const instanceId = zone.nodes[0]?.instanceId ?? ''
  const disks = (await ec2.listVolumes()).flatMap(({ Attachments = [] }) => Attachments)
  const disk = disks.find((one) => one.InstanceId === instanceId && !one.DeleteOnTermination)
  const volumeId = disk?.VolumeId ?? ''
  const token = `migration-${randomLetters(8)}`
  await context.log.change(
    { action: `copy ${volumeId}`, undo: { kind: 'delete-copies', token } },
    async () => {
      await beginSnapshot(ec2, { instanceId, volumeId }, token)
      const snapshot = await awaitSnapshot(ec2, volumeId, token)
      await volumeFrom(ec2, snapshot, token, { zone: zone.name, type: 'gp3', tags: {} })
    },
  )
}

/** As the proof of a capacity outage would leave it, were there capacity. */
async function leaveInstance(context: FaultContext, zone: Zone): Promise<void> {
  const ec2 = await needAws(context, 'every-kind').ec2()
  const { model } = await capacityOutage.plan(context, zone)
  const token = `zonefall-${randomLetters(16)}`
  await context.log.change(
    {
      action: `launch an instance in zone ${zone.name}`,
      undo: { kind: 'terminate-launched', token },
    },
    () => launchLike(ec2, model, token, context.labels),
  )
}
