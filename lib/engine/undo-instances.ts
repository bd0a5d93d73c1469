import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import type { V1Node } from '@kubernetes/client-node'
import { inServiceIn, REPLACING_PROCESSES, suspendedProcesses } from '../aws/auto-scaling.ts'
import { isAwsError } from '../aws/ec2.ts'
import { awaitStates, readStates, startStopped } from '../aws/instances.ts'
import { terminateLaunched } from '../aws/launch.ts'
import { untilSettled } from '../aws/settled.ts'
import { awaitHeartbeats, readHeartbeats } from '../kube/node-heartbeat.ts'
import { awaitNodesUsable, nodeTroubles } from '../kube/node-state.ts'
import type { Undo } from '../model/journal.ts'
import { poll } from '../std/poll.ts'
import { needAws, untilGone, type UndoTools } from './undo-tools.ts'

type Of<Kind extends Undo['kind']> = Extract<Undo, { kind: Kind }>

/** Starts what was stopped and waits for its nodes; instances that are gone for good are left. */
export async function startInstances(
  { instances }: Of<'start-instances'>,
  { signal, ...tools }: UndoTools,
): Promise<void> {
  const { cluster } = tools
  const ec2 = await needAws(tools).ec2()
  const ids = instances.map(({ id }) => id)
  const started = await startStopped(ec2, ids, signal)
  const nodes = instances.filter(({ id }) => started.includes(id)).map(({ node }) => node)
  if (nodes.length === 0) return
  // Off until a moment ago, or running: what kubelets say from now on they say of this boot.
  const before = await readHeartbeats(cluster)
  await awaitStates(ec2, started, ['running'], signal)
  await awaitHeartbeats(cluster, nodes, before, signal)
  await awaitNodesUsable(cluster, nodes, signal)
}

/**
 * Sets a group's members Healthy, then resumes what the run suspended of it, unless another fault
 * still needs that: the last one resumes for all. Nothing is read, which might be behind: both do
 * nothing where there is nothing to do, and a group or member that is gone is left.
 */
export async function resumeProcesses(
  { group, instances }: Of<'resume-processes'>,
  tools: UndoTools,
): Promise<void> {
  const autoScaling = await needAws(tools).autoScaling()
  for (const id of instances) await unlessGone(autoScaling.setHealthy(id))
  const ofGroup = (undo: Undo): undo is Of<'resume-processes'> =>
    undo.kind === 'resume-processes' && undo.group === group
  const siblings = tools.siblings()
  if (siblings.due.some(ofGroup)) return
  const ours = new Set(siblings.all.filter(ofGroup).flatMap(({ processes }) => processes))
  if (ours.size > 0) await unlessGone(autoScaling.resume(group, [...ours]))
}

/** Auto Scaling's word for what it doesn't find is that of any invalid request. */
async function unlessGone(call: Promise<void>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!isAwsError(error, 'ValidationError')) throw error
  }
}

/**
 * Waits until a group has as many members in the zone as before, each with a node that is Ready,
 * and until the volumes of the terminated one are let go of: until then no pod of theirs starts.
 */
export async function awaitReplacement(
  undo: Of<'await-replacement'>,
  tools: UndoTools,
): Promise<void> {
  const isKept = await isNotTerminated(undo, tools)
  await awaitMembers(undo, isKept ? 1 : 0, tools)
  if (!isKept) await awaitVolumesReleased(undo, tools)
}

/** Whether the instance was never terminated: then nothing has to be replaced. */
async function isNotTerminated(
  { instance: { id } }: Of<'await-replacement'>,
  tools: UndoTools,
): Promise<boolean> {
  const ec2 = await needAws(tools).ec2()
  const ending = await untilSettled(
    ec2,
    `instance ${id} to be seen ending`,
    async () => {
      const { [id]: state = 'absent' } = await readStates(ec2, [id])
      return ['shutting-down', 'terminated', 'absent'].includes(state) ? state : undefined
    },
    tools.signal,
  )
  return ending === undefined
}

async function awaitMembers(
  { group, zone, count, instance }: Of<'await-replacement'>,
  kept: number,
  tools: UndoTools,
): Promise<void> {
  const autoScaling = await needAws(tools).autoScaling()
  await poll(
    {
      what: `group ${group} to have ${count} member${count === 1 ? '' : 's'} in zone ${zone} again`,
      budget: 'nodeReplaced',
      intervalMs: 1000,
      signal: tools.signal,
    },
    async () => {
      const found = await autoScaling.findGroup(group)
      if (!found) return { done: true, value: true }
      const serving = inServiceIn(found, zone).filter((id) => id !== instance.id)
      const { items } = await tools.cluster.core.listNode()
      const ready = serving.filter((id) =>
        items.some((node) => isNodeOf(node, id) && nodeTroubles(node).length === 0),
      )
      if (ready.length + kept >= count) return { done: true, value: true }
      const stopped = suspendedProcesses(found).filter((name) =>
        REPLACING_PROCESSES.some((known) => known === name),
      )
      const elsewhere = membersElsewhere(found, zone)
      return { done: false, seen: { serving, ready, elsewhere, suspended: stopped } }
    },
  )
}

/** How many members a group has in each other zone: a replacement may have gone there. */
function membersElsewhere({ Instances = [] }: AutoScalingGroup, zone: string) {
  const zones = Instances.flatMap((item) => item.AvailabilityZone ?? []).filter(
    (item) => item !== zone,
  )
  return Object.fromEntries(
    [...new Set(zones)].map((name) => [name, zones.filter((item) => item === name).length]),
  )
}

async function awaitVolumesReleased(
  { instance: { id, node: name } }: Of<'await-replacement'>,
  { cluster, signal }: UndoTools,
): Promise<void> {
  await untilGone(`the attachments of volumes to ${name}`, 'volumesReleased', signal, async () => {
    const { items: nodes } = await cluster.core.listNode()
    const isNameTaken = nodes.some((node) => node.metadata?.name === name && !isNodeOf(node, id))
    if (isNameTaken) return undefined
    const { items } = await cluster.storage.listVolumeAttachment()
    const left = items.filter(({ spec }) => spec.nodeName === name)
    return left.map(({ spec }) => spec.source.persistentVolumeName).join(', ') || undefined
  })
}

function isNodeOf({ spec }: V1Node, instanceId: string): boolean {
  return spec?.providerID?.endsWith(`/${instanceId}`) ?? false
}

/** Ends what should never have been launched. */
export async function undoLaunch(
  { token }: Of<'terminate-launched'>,
  tools: UndoTools,
): Promise<void> {
  await terminateLaunched(await needAws(tools).ec2(), token, tools.signal)
}
