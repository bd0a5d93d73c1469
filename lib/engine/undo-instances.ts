import {
  GROUP_TAG,
  inServiceIn,
  REPLACING_PROCESSES,
  suspendedProcesses,
} from '../aws/auto-scaling.ts'
import { isAwsError } from '../aws/ec2.ts'
import { startStopped, tagOf } from '../aws/instances.ts'
import { terminateLaunched } from '../aws/launch.ts'
import { awaitNodesUsable, nodeTroubles } from '../kube/node-state.ts'
import type { Undo } from '../model/journal.ts'
import { poll } from '../std/poll.ts'
import { needAws, type UndoTools } from './undo-tools.ts'

type Of<Kind extends Undo['kind']> = Extract<Undo, { kind: Kind }>

/** Starts what was stopped and waits for its nodes; instances that are gone for good are left. */
export async function startInstances(
  { instances }: Of<'start-instances'>,
  tools: UndoTools,
): Promise<void> {
  const ec2 = await needAws(tools).ec2()
  const ids = instances.map(({ id }) => id)
  const started = await startStopped(ec2, ids, tools.signal)
  const nodes = instances.filter(({ id }) => started.includes(id)).map(({ node }) => node)
  if (nodes.length > 0) await awaitNodesUsable(tools.cluster, nodes, tools.signal)
}

/**
 * Sets a group's members Healthy, then resumes what the run suspended of it, unless another fault
 * still needs that: the last one resumes for all. A group that is gone is left.
 */
export async function resumeProcesses(
  { group, instances }: Of<'resume-processes'>,
  tools: UndoTools,
): Promise<void> {
  const autoScaling = await needAws(tools).autoScaling()
  const found = await autoScaling.findGroup(group)
  if (!found) return
  const members = (found.Instances ?? []).flatMap(({ InstanceId }) => InstanceId ?? [])
  for (const id of instances.filter((item) => members.includes(item))) {
    try {
      await autoScaling.setHealthy(id)
    } catch (error) {
      // It left the group between the two calls.
      if (!isAwsError(error, 'ValidationError')) throw error
    }
  }
  const ofGroup = (undo: Undo): undo is Of<'resume-processes'> =>
    undo.kind === 'resume-processes' && undo.group === group
  const siblings = tools.siblings()
  if (siblings.due.some(ofGroup)) return
  const ours = new Set(siblings.all.filter(ofGroup).flatMap(({ processes }) => processes))
  const due = suspendedProcesses(found).filter((name) => ours.has(name))
  if (due.length > 0) await autoScaling.resume(group, due)
}

/** Waits until a group has as many members in the zone as before, each with a node that is Ready. */
export async function awaitReplacement(
  { group, zone, count, instance }: Of<'await-replacement'>,
  tools: UndoTools,
): Promise<void> {
  const aws = needAws(tools)
  const [ec2, autoScaling] = [await aws.ec2(), await aws.autoScaling()]
  await poll(
    {
      what: `group ${group} to have ${count} members in zone ${zone} again`,
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
        items.some(
          (node) => node.spec?.providerID?.endsWith(`/${id}`) && nodeTroubles(node).length === 0,
        ),
      )
      // An instance that was never terminated counts: then nothing has to be replaced.
      const kept = (await ec2.listInstances([instance.id])).some(
        (item) => item.State?.Name === 'running' && tagOf(item, GROUP_TAG) === group,
      )
      const have = ready.length + (kept ? 1 : 0)
      if (have >= count) return { done: true, value: true }
      const stopped = suspendedProcesses(found).filter((name) =>
        REPLACING_PROCESSES.some((known) => known === name),
      )
      return { done: false, seen: { serving, ready, suspended: stopped } }
    },
  )
}

/** Ends what should never have been launched. */
export async function undoLaunch(
  { token }: Of<'terminate-launched'>,
  tools: UndoTools,
): Promise<void> {
  await terminateLaunched(await needAws(tools).ec2(), token, tools.signal)
}
