import { inServiceIn, REPLACING_PROCESSES, suspendedProcesses } from '../aws/auto-scaling.ts'
import { awaitStates, readStates } from '../aws/instances.ts'
import { PreflightError } from '../model/errors.ts'
import { poll } from '../std/poll.ts'
import { type Fault, type FaultView, healByUndo, needAws } from './fault.ts'
import {
  type InstancePlan,
  type InstanceWish,
  planInstances,
  type TargetInstance,
} from './instance-plan.ts'
import { keptPodsBack } from './kept-pods.ts'
import { readNodes } from '../kube/node-state.ts'

export interface TerminationPlan extends InstancePlan {
  /** Members of each instance's group in its zone before. */
  readonly groups: readonly {
    readonly instance: TargetInstance
    readonly group: string
    readonly count: number
  }[]
}

/**
 * Irreversible, so only for instances that their group will replace: healing is waiting for the
 * replacement.
 */
export const terminateInstance: Fault<InstanceWish, TerminationPlan> = {
  name: 'terminate-instance',
  plan: async (view, wish) => {
    const plan = await planInstances(view, 'terminate-instance', 'Terminate', wish)
    const groups = await Promise.all(
      plan.instances.map((instance) => groupThatReplaces(view, instance)),
    )
    return { ...plan, groups }
  },
  inject: async (context, { groups }) => {
    const { client, sdk } = await needAws(context, 'terminate-instance').ec2()
    const changes: string[] = []
    for (const { instance, group, count } of groups) {
      const { id, node, zone } = instance
      const made = await context.log.change(
        {
          action: `terminate ${id} (${node}) of group ${group}`,
          undo: { kind: 'await-replacement', group, zone, count, instance: { id, node } },
        },
        () => client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] })),
      )
      changes.push(made.id)
    }
    return { changes }
  },
  observe: async (context, { instances }) => {
    const ec2 = await needAws(context, 'terminate-instance').ec2()
    const ids = instances.map(({ id }) => id)
    const names = instances.map(({ node }) => node)
    await awaitStates(ec2, ids, ['terminated', 'absent'])
    await poll(
      { what: `nodes ${names.join(', ')} to be removed`, budget: 'nodeGone' },
      async () => {
        const left = await readNodes(context.cluster, names)
        return left.length === 0
          ? { done: true, value: true }
          : { done: false, seen: left.map(({ metadata }) => metadata?.name) }
      },
    )
    return {
      text: `${ids.join(', ')} terminated, and the cluster's nodes of them are gone.`,
      data: { instances: await readStates(ec2, ids), nodes: names },
    }
  },
  heal: healByUndo,
  recovered: (context, { pods }) => keptPodsBack(context, pods, 'podMoved'),
}

async function groupThatReplaces(view: FaultView, instance: TargetInstance) {
  const { id, group, zone } = instance
  if (group === undefined) {
    throw new PreflightError(
      `Instance ${id} is in no Auto Scaling group: nothing would replace it.`,
    )
  }
  const found = await (await needAws(view, 'terminate-instance').autoScaling()).findGroup(group)
  if (!found) throw new PreflightError(`The group ${group} of instance ${id} is not to be found.`)
  const suspended = suspendedProcesses(found).filter((name) =>
    REPLACING_PROCESSES.some((known) => known === name && name !== 'AZRebalance'),
  )
  if (suspended.length > 0) {
    throw new PreflightError(
      `The group ${group} would not replace instance ${id}: ${suspended.join(', ')} is suspended.`,
      { hint: `aws autoscaling resume-processes --auto-scaling-group-name ${group}` },
    )
  }
  return { instance, group, count: inServiceIn(found, zone).length }
}
