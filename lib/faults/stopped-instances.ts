import type { V1Pod } from '@kubernetes/client-node'
import { awaitStates, readStates, type StopMode, stopInstances } from '../aws/instances.ts'
import {
  awaitNodesUsable,
  hasTaint,
  isNodeReady,
  readNodes,
  SHUTDOWN_TAINT,
} from '../kube/node-state.ts'
import { poll } from '../std/poll.ts'
import { type FaultContext, type FaultEffect, needAws, type Observation } from './fault.ts'
import { type InstancePlan, podsOn, suspendGroups } from './instance-plan.ts'
import { keptPodsBack } from './kept-pods.ts'

/** Stops the plan's instances with one call, after their groups were told to leave them alone. */
export async function injectStop(
  context: FaultContext,
  { instances, subject }: InstancePlan,
  mode: StopMode,
): Promise<FaultEffect> {
  const ec2 = await needAws(context, mode).ec2()
  const suspended = await suspendGroups(context, instances)
  const { id } = await context.log.change(
    {
      action: `${mode === 'power-cut' ? 'cut the power of' : 'stop'} ${instances.map((item) => item.id).join(', ')} (${subject})`,
      undo: {
        kind: 'start-instances',
        instances: instances.map((item) => ({ id: item.id, node: item.node })),
      },
    },
    () =>
      stopInstances(
        ec2,
        instances.map((item) => item.id),
        mode,
      ),
  )
  return { changes: [...suspended, id] }
}

/**
 * Sees instances stopped by EC2's account of them, and their nodes lost by the cluster's: NotReady,
 * with the cloud controller's taint.
 *
 * @throws WaitTimeoutError when either doesn't come
 */
export async function observeStopped(
  context: FaultContext,
  { instances }: InstancePlan,
): Promise<Observation> {
  const ec2 = await needAws(context, 'stop-instance').ec2()
  const ids = instances.map(({ id }) => id)
  await awaitStates(ec2, ids, ['stopped'])
  const names = instances.map(({ node }) => node)
  await awaitNodesLost(context, names)
  const pods = await podsOn(context, instances)
  return {
    text: `${names.join(', ')} stopped: NotReady, with the taint ${SHUTDOWN_TAINT}.`,
    data: {
      instances: await readStates(ec2, ids),
      pods: Object.fromEntries(pods.map((pod) => [pod.metadata?.name ?? '?', lastReport(pod)])),
    },
  }
}

/** Waits until the plan's nodes are Ready and its pods too. */
export async function recoveredFromStop(
  context: FaultContext,
  { instances, pods }: InstancePlan,
): Promise<void> {
  await awaitNodesUsable(
    context.cluster,
    instances.map(({ node }) => node),
  )
  await keptPodsBack(context, pods)
}

async function awaitNodesLost(context: FaultContext, names: readonly string[]): Promise<void> {
  await poll(
    { what: `nodes ${names.join(', ')} to be NotReady and tainted`, budget: 'nodeLost' },
    async () => {
      const nodes = await readNodes(context.cluster, names)
      const left = nodes.flatMap((node) => {
        const missing = [
          ...(isNodeReady(node) ? ['still Ready'] : []),
          ...(hasTaint(node, SHUTDOWN_TAINT) ? [] : [`no taint ${SHUTDOWN_TAINT}`]),
        ]
        return missing.length === 0 ? [] : [`${node.metadata?.name}: ${missing.join(', ')}`]
      })
      return left.length === 0
        ? { done: true, value: true }
        : { done: false, seen: left.join('; ') }
    },
  )
}

/**
 * What the kubelet last said of a pod: a graceful end shows as terminated containers, a power cut
 * leaves the last word that it ran.
 */
function lastReport(pod: V1Pod): string {
  const states = (pod.status?.containerStatuses ?? []).map(({ name, state }) =>
    state?.terminated ? `${name} terminated (${state.terminated.exitCode})` : `${name} running`,
  )
  return [pod.status?.phase ?? '?', ...states].join(', ')
}
