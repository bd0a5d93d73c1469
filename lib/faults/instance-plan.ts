import type { V1Pod } from '@kubernetes/client-node'
import { GROUP_TAG, REPLACING_PROCESSES, suspendedProcesses } from '../aws/auto-scaling.ts'
import { stateOf } from '../aws/instances.ts'
import { tagOf } from '../aws/tags.ts'
import { isNodeReady, readNodes } from '../kube/node-state.ts'
import { InconclusiveError } from '../model/errors.ts'
import type { NodeInstance } from '../model/journal.ts'
import type { Zone } from '../model/target.ts'
import { type FaultContext, type FaultPlan, type FaultView, needAws } from './fault.ts'
import { type KeptPod, keptPods } from './kept-pods.ts'

/** Which nodes' instances a fault is to hit, and what it is called: `zone/us-east-1a`, `node/…`. */
export interface InstanceWish {
  readonly subject: string
  readonly nodes: Zone['nodes']
}

/** An instance that a fault hits, as it was before. */
export interface TargetInstance extends NodeInstance {
  readonly zone: string
  readonly bootId: string
  /** The Auto Scaling group that it is a member of. */
  readonly group?: string
}

export interface InstancePlan extends FaultPlan {
  readonly instances: readonly TargetInstance[]
  /** Pods of the namespace on these nodes that come back by name. */
  readonly pods: readonly KeptPod[]
}

/**
 * Finds the instances behind nodes, all of which must run.
 *
 * @param verb what is done to them, as the beginning of a sentence: `Cut the power of`
 * @throws InconclusiveError when there is none, or one of them doesn't run
 */
export async function planInstances(
  view: FaultView,
  fault: string,
  verb: string,
  { subject, nodes }: InstanceWish,
): Promise<InstancePlan> {
  const ec2 = await needAws(view, fault).ec2()
  if (nodes.length === 0)
    throw new InconclusiveError(`There is no node for ${fault} in ${subject}.`)
  const ids = nodes.map(({ name, instanceId }) => {
    if (instanceId !== undefined) return instanceId
    throw new InconclusiveError(`Node ${name} is no EC2 instance: its providerID names none.`)
  })
  const found = await ec2.listInstances(ids)
  const known = await readNodes(
    view.cluster,
    nodes.map(({ name }) => name),
  )
  const instances = nodes.map(({ name, instanceId: id = '' }): TargetInstance => {
    const instance = found.find(({ InstanceId }) => InstanceId === id)
    const node = known.find(({ metadata }) => metadata?.name === name)
    if (stateOf(instance) !== 'running' || !instance) {
      throw new InconclusiveError(`Instance ${id} of node ${name} is ${stateOf(instance)}.`)
    }
    if (!node || !isNodeReady(node)) throw new InconclusiveError(`Node ${name} is not Ready.`)
    const group = tagOf(instance, GROUP_TAG)
    return {
      id,
      node: name,
      zone: instance.Placement?.AvailabilityZone ?? '?',
      bootId: node.status?.nodeInfo?.bootID ?? '',
      ...(group === undefined ? {} : { group }),
    }
  })
  const pods = keptPods(await podsOn(view, instances))
  const groups = new Set(instances.flatMap(({ group }) => group ?? []))
  return {
    subject,
    text: `${verb} ${instances.map(({ id, node }) => `${node} (${id})`).join(', ')}.`,
    touches: [
      ...instances.flatMap(({ id, node }) => [`node/${node}`, `instance/${id}`]),
      ...[...groups].map((group) => `group/${group}`),
      ...pods.map(({ name }) => `pod/${name}`),
    ],
    instances,
    pods,
  }
}

/** Pods of the run's namespace on the plan's nodes, as the API server knows them. */
export async function podsOn(
  { cluster, namespace }: Pick<FaultView, 'cluster' | 'namespace'>,
  instances: readonly NodeInstance[],
): Promise<V1Pod[]> {
  const { items } = await cluster.core.listNamespacedPod({ namespace })
  return items.filter(({ spec }) => instances.some(({ node }) => node === spec?.nodeName))
}

/**
 * Keeps groups from replacing, ending or shifting what a fault takes away. What was suspended
 * before stays so; a group that has all of it suspended is noted all the same, for its members'
 * health.
 *
 * @returns journal ids, oldest first
 */
export async function suspendGroups(
  context: FaultContext,
  instances: readonly TargetInstance[],
): Promise<string[]> {
  const changes: string[] = []
  for (const group of new Set(instances.flatMap((item) => item.group ?? []))) {
    const autoScaling = await needAws(context, 'suspend-processes').autoScaling()
    const found = await autoScaling.findGroup(group)
    if (!found) continue
    const before = suspendedProcesses(found)
    const processes = REPLACING_PROCESSES.filter((name) => !before.includes(name))
    const members = instances.filter((item) => item.group === group).map(({ id }) => id)
    const { id } = await context.log.change(
      {
        action: `suspend ${processes.join(', ') || 'nothing more'} of group ${group}`,
        undo: { kind: 'resume-processes', group, processes, instances: members },
      },
      // All of them, for the group may have been read a moment behind.
      () => autoScaling.suspend(group, REPLACING_PROCESSES),
    )
    changes.push(id)
  }
  return changes
}
