import type { Instance } from '@aws-sdk/client-ec2'
import { createDenyAllAcl, interfacesIn, readAssociation, replaceAcl } from '../aws/network-acls.ts'
import { awaitNodesUsable, isNodeReady, readNodes } from '../kube/node-state.ts'
import { InconclusiveError, PreflightError } from '../model/errors.ts'
import type { Zone } from '../model/target.ts'
import { randomLetters } from '../std/ids.ts'
import { poll } from '../std/poll.ts'
import { type Fault, type FaultPlan, type FaultView, healByUndo, needAws } from './fault.ts'

export interface PartitionPlan extends FaultPlan {
  readonly zone: string
  readonly nodes: readonly string[]
  /** Nodes elsewhere that are Ready, and must stay so. */
  readonly others: readonly string[]
  readonly vpcId: string
  readonly subnets: readonly { readonly id: string; readonly aclId: string }[]
  /** By which the ACL of this fault is known. */
  readonly token: string
}

/**
 * A network ACL that denies everything, in place of the one that the zone's subnets have. It cuts
 * kubelets off from the API server too, has no effect inside a subnet or on the VPC's resolver,
 * and streams that stand hang without a word.
 */
export const zonePartition: Fault<Zone, PartitionPlan> = {
  name: 'zone-partition',
  plan: planPartition,
  inject: async (context, plan) => {
    const ec2 = await needAws(context, 'zone-partition').ec2()
    const { token, vpcId, zone } = plan
    const changes: string[] = []
    const made = await context.log.change(
      { action: `create a network ACL for zone ${zone}`, undo: { kind: 'delete-acl', token } },
      () => createDenyAllAcl(ec2, vpcId, token, context.labels),
    )
    changes.push(made.id)
    for (const { id: subnetId, aclId } of plan.subnets) {
      const { id } = await context.log.change(
        {
          action: `cut subnet ${subnetId} of zone ${zone} off`,
          undo: { kind: 'restore-acl-association', subnetId, aclId, token },
        },
        async () => {
          const other = await replaceAcl(ec2, subnetId, made.value, (now) => now.aclId === aclId)
          if (other === undefined) return
          throw new InconclusiveError(
            `Subnet ${subnetId} has the ACL ${other} by now, not ${aclId}.`,
          )
        },
      )
      changes.push(id)
    }
    return { changes }
  },
  observe: async (context, { zone, nodes, others }) => {
    await poll(
      { what: `the nodes of zone ${zone}, and no others, to be lost`, budget: 'nodeLost' },
      async () => {
        const ready = (await readNodes(context.cluster, nodes)).filter((node) => isNodeReady(node))
        return ready.length === 0
          ? { done: true, value: true }
          : {
              done: false,
              seen: `Ready: ${ready.map(({ metadata }) => metadata?.name).join(', ')}`,
            }
      },
    )
    const elsewhere = await readNodes(context.cluster, others)
    const lost = elsewhere
      .filter((node) => !isNodeReady(node))
      .map(({ metadata }) => metadata?.name)
    if (lost.length > 0) {
      throw new InconclusiveError(`Nodes outside zone ${zone} were lost too: ${lost.join(', ')}.`)
    }
    return {
      text: `The API server has lost ${nodes.join(', ')}, and no node elsewhere.`,
      data: { lost: nodes, ready: others },
    }
  },
  heal: healByUndo,
  recovered: ({ cluster }, { nodes }) => awaitNodesUsable(cluster, nodes),
}

async function planPartition(view: FaultView, zone: Zone): Promise<PartitionPlan> {
  const ec2 = await needAws(view, 'zone-partition').ec2()
  const ids = zone.nodes.flatMap(({ instanceId }) => instanceId ?? [])
  const instances = await ec2.listInstances(ids)
  const [first] = instances
  if (!first?.VpcId) throw new InconclusiveError(`Zone ${zone.name} has no instance to cut off.`)
  const subnetIds = [...new Set(instances.flatMap(({ SubnetId }) => SubnetId ?? []))]
  const subnets: { id: string; aclId: string }[] = []
  for (const id of subnetIds) {
    refuseStrangers(id, zone.name, instances, await interfacesIn(ec2, id))
    const association = await readAssociation(ec2, id)
    if (!association) throw new InconclusiveError(`Subnet ${id} has no network ACL.`)
    if (association.token !== undefined) {
      throw new InconclusiveError(`Subnet ${id} of zone ${zone.name} is cut off already.`, {
        hint: 'npx zonefall cleanup gives it back what an interrupted run left.',
      })
    }
    subnets.push({ id, aclId: association.aclId })
  }
  const nodes = zone.nodes.map(({ name }) => name)
  const { items } = await view.cluster.core.listNode()
  const others = items
    .filter((node) => isNodeReady(node) && !nodes.includes(node.metadata?.name ?? ''))
    .flatMap(({ metadata }) => metadata?.name ?? [])
  return {
    subject: `zone/${zone.name}`,
    text: `Cut the subnets ${subnetIds.join(', ')} of zone ${zone.name} off from all others.`,
    touches: [
      `zone/${zone.name}`,
      ...subnetIds.map((id) => `subnet/${id}`),
      ...nodes.map((node) => `node/${node}`),
    ],
    zone: zone.name,
    nodes,
    others,
    vpcId: first.VpcId,
    subnets,
    token: `zonefall-${randomLetters(16)}`,
  }
}

/**
 * A subnet in which something else has an interface (the EKS control plane, a database, another
 * cluster) is nobody's to cut off.
 *
 * @throws PreflightError that names it
 */
export function refuseStrangers(
  subnetId: string,
  zone: string,
  instances: readonly Instance[],
  interfaces: readonly {
    readonly NetworkInterfaceId?: string | undefined
    readonly Description?: string | undefined
    readonly Attachment?: { readonly InstanceId?: string | undefined } | undefined
  }[],
): void {
  const ours = new Set(instances.map(({ InstanceId }) => InstanceId))
  const strangers = interfaces.filter(({ Attachment }) => !ours.has(Attachment?.InstanceId ?? ''))
  if (strangers.length === 0) return
  const named = strangers.map(
    ({ NetworkInterfaceId: id, Description, Attachment }) =>
      `${id} (${Attachment?.InstanceId ?? (Description || 'no description')})`,
  )
  throw new PreflightError(
    `Subnet ${subnetId} of zone ${zone} holds more than this cluster's nodes: ${named.join(', ')}.`,
    { hint: 'Give the nodes subnets of their own; a partition would cut the others off too.' },
  )
}
