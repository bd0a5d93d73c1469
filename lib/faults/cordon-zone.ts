import type { V1Node } from '@kubernetes/client-node'
import { type Cluster } from '../kube/cluster.ts'
import { setUnschedulable } from '../kube/cordon.ts'
import { hasTaint, readNodes } from '../kube/node-state.ts'
import { InconclusiveError } from '../model/errors.ts'
import type { Zone } from '../model/target.ts'
import { poll } from '../std/poll.ts'
import { seeCanaryRefused } from './canary.ts'
import { type Fault, type FaultContext, type FaultPlan, healByUndo } from './fault.ts'

/** A node, and what it was before: one that was cordoned before us stays so. */
export interface NodeToCordon {
  readonly name: string
  readonly wasUnschedulable: boolean
}

export interface CordonPlan extends FaultPlan {
  readonly zone: string
  readonly nodes: readonly NodeToCordon[]
}

/**
 * Closes every node of a zone to new pods. Seen when the nodes show it, and the scheduler turns a
 * canary pod for this zone away because of it.
 */
export const cordonZone: Fault<Zone, CordonPlan> = {
  name: 'cordon-zone',
  hint: 'Does something uncordon nodes: an autoscaler, node auto-repair?',
  plan: async ({ cluster }, zone) => {
    const nodes = await nodesToCordon(cluster, zone)
    return {
      subject: `zone/${zone.name}`,
      text: `Cordon ${nodes.map(({ name }) => name).join(', ')} of zone ${zone.name}.`,
      touches: [`zone/${zone.name}`, ...nodes.map(({ name }) => `node/${name}`)],
      zone: zone.name,
      nodes,
    }
  },
  inject: async (context, { nodes }) => ({ changes: await cordonNodes(context, nodes) }),
  observe: async (context, { zone, nodes }) => {
    const names = nodes.map(({ name }) => name)
    await poll(
      { what: `nodes ${names.join(', ')} to show the cordon`, budget: 'stateVisible' },
      async () => {
        const open = (await readNodes(context.cluster, names)).filter(
          ({ spec }) => spec?.unschedulable !== true,
        )
        return open.length === 0
          ? { done: true, value: true }
          : { done: false, seen: `still open: ${open.map((n) => n.metadata?.name).join(', ')}` }
      },
    )
    await seeCanaryRefused(context, zone, names)
    return { text: `The scheduler turns pods for zone ${zone} away.`, data: { nodes: names } }
  },
  heal: healByUndo,
  recovered: ({ cluster }, { zone, nodes }) => nodesAsBefore(cluster, zone, nodes),
}

/**
 * The nodes of a zone and how they are now.
 *
 * @param zone as the target describes it: only nodes that the run may touch
 * @throws InconclusiveError when there is no node to cordon, or one has gone
 */
export async function nodesToCordon(cluster: Cluster, zone: Zone): Promise<NodeToCordon[]> {
  if (zone.nodes.length === 0) {
    throw new InconclusiveError(`Zone ${zone.name} has no node to cordon.`)
  }
  const { items } = await cluster.core.listNode()
  const byName = new Map(items.map((node) => [node.metadata?.name ?? '', node]))
  return zone.nodes.map(({ name }) => {
    const node = byName.get(name)
    if (!node) throw new InconclusiveError(`Node ${name} of zone ${zone.name} is gone.`)
    return { name, wasUnschedulable: node.spec?.unschedulable ?? false }
  })
}

/**
 * Sets `spec.unschedulable` on every node, each noted with its previous value.
 *
 * @returns the journal's entry of each
 */
export async function cordonNodes(
  context: FaultContext,
  nodes: readonly NodeToCordon[],
): Promise<string[]> {
  const changes: string[] = []
  for (const { name, wasUnschedulable } of nodes) {
    const { id } = await context.log.change(
      {
        action: `cordon node ${name}`,
        undo: { kind: 'set-unschedulable', node: name, value: wasUnschedulable },
      },
      () => setUnschedulable(context.cluster, name, true),
    )
    changes.push(id)
  }
  return changes
}

/** Waits until nodes and their taints, which follow the field, are as before their cordon. */
export async function nodesAsBefore(
  cluster: Cluster,
  zone: string,
  before: readonly NodeToCordon[],
): Promise<void> {
  await poll(
    { what: `the nodes of zone ${zone} to be as before the cordon`, budget: 'nodeReady' },
    async () => {
      const nodes = await readNodes(
        cluster,
        before.map(({ name }) => name),
      )
      const wrong = nodes.filter((node) => {
        const was = before.find(({ name }) => name === node.metadata?.name)
        return isCordoned(node) !== (was?.wasUnschedulable ?? false)
      })
      return wrong.length === 0
        ? { done: true, value: true }
        : { done: false, seen: wrong.map((node) => node.metadata?.name) }
    },
  )
}

/** By its field or its taint: the taint follows a moment later. */
function isCordoned(node: V1Node): boolean {
  return node.spec?.unschedulable === true || hasTaint(node, 'node.kubernetes.io/unschedulable')
}
