import { Aws } from '../aws/aws.ts'
import { GROUP_TAG } from '../aws/auto-scaling.ts'
import { tagOf } from '../aws/tags.ts'
import { listAcls } from '../aws/network-acls.ts'
import type { Cluster } from '../kube/cluster.ts'
import type { TargetDescription } from '../model/target.ts'

/** What stands behind a cluster's nodes. */
export interface NodesBehind {
  /** Auto Scaling groups, subnets and VPCs of the instances; empty without EC2. */
  readonly groups: readonly string[]
  readonly subnets: readonly string[]
  readonly vpcs: readonly string[]
  /** Network ACLs of those subnets. */
  readonly acls: readonly string[]
  /** The instance type of each node; undefined where one is no EC2 instance. */
  readonly types: readonly string[] | undefined
}

const TYPE_LABEL = 'node.kubernetes.io/instance-type'

/** Asks the cluster, and EC2 where the target has it, what the nodes of the zones are. */
export async function nodesBehind(
  cluster: Cluster,
  { zones, aws: access }: Pick<TargetDescription, 'zones' | 'aws'>,
): Promise<NodesBehind> {
  const nodes = zones.flatMap((zone) => zone.nodes)
  const { items } = await cluster.core.listNode()
  const labels = new Map(
    items.map(({ metadata }) => [metadata?.name, metadata?.labels?.[TYPE_LABEL]] as const),
  )
  const types = nodes.flatMap(({ name, instanceId }) =>
    instanceId === undefined ? [] : (labels.get(name) ?? []),
  )
  const typesOfAll = types.length === nodes.length ? types : undefined
  const ids = nodes.flatMap(({ instanceId }) => instanceId ?? [])
  if (access === undefined || ids.length === 0) {
    return { groups: [], subnets: [], vpcs: [], acls: [], types: typesOfAll }
  }
  const aws = new Aws(access)
  try {
    const ec2 = await aws.ec2()
    const instances = await ec2.listInstances(ids)
    const subnets = unique(instances.flatMap((one) => one.SubnetId ?? []))
    const acls = (await listAcls(ec2)).filter(({ Associations = [] }) =>
      Associations.some(({ SubnetId }) => subnets.includes(SubnetId ?? '')),
    )
    return {
      groups: unique(instances.flatMap((one) => tagOf(one, GROUP_TAG) ?? [])),
      subnets,
      acls: unique(acls.flatMap((one) => one.NetworkAclId ?? [])),
      vpcs: unique(instances.flatMap((one) => one.VpcId ?? [])),
      types: typesOfAll,
    }
  } finally {
    await aws.close()
  }
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)].toSorted()
}
