import type { Aws } from '../../aws/aws.ts'
import { describeEksCluster } from '../../aws/eks-cluster.ts'
import { whoAmI } from '../../aws/identity.ts'
import { tagsOf } from '../../aws/tags.ts'
import { tryCall } from '../../aws/try-actions.ts'
import { zonePartition } from '../../faults/zone-partition.ts'
import type { Cluster } from '../../kube/cluster.ts'
import { InconclusiveError, PreflightError } from '../../model/errors.ts'
import type { FaultName } from '../../model/scenario.ts'
import { RUN_LABEL } from '../../model/run-label.ts'
import type { AwsAccess, TargetDescription, Zone } from '../../model/target.ts'
import type { AccountFacts, InstanceFact } from './facts.ts'
import { ATTACH_POLICY } from './judge-account.ts'
import { readInstances } from './read-instances.ts'
import type { Refusal } from './refusal.ts'

/** Tags by which an instance says of which cluster it is a node. */
export function clusterNameIn(
  instances: readonly Pick<InstanceFact, 'tags'>[],
): string | undefined {
  for (const { tags } of instances) {
    const named = tags['aws:eks:cluster-name'] ?? tags['eks:cluster-name']
    const owned = Object.keys(tags).find((key) => key.startsWith('kubernetes.io/cluster/'))
    const name = named ?? owned?.slice('kubernetes.io/cluster/'.length)
    if (name !== undefined) return name
  }
  return undefined
}

/**
 * Reads what AWS says of the nodes' instances and of the cluster.
 *
 * @throws the SDK's errors; PreflightError when nothing tells the name of the cluster
 */
export async function readAccount(
  aws: Aws,
  access: AwsAccess,
  {
    target,
    cluster,
    eksName: named,
  }: {
    readonly target: TargetDescription
    readonly cluster: Cluster
    readonly eksName: string | undefined
  },
): Promise<AccountFacts> {
  const identity = await whoAmI(access)
  const nodes = target.zones.flatMap((zone) => zone.nodes.flatMap((node) => node.instanceId ?? []))
  const ids = [...nodes, ...(target.legacy?.instances ?? [])]
  const { client, sdk } = await aws.ec2()
  const instances = await readInstances(aws, ids)
  const volumes: { id: string; tags: Readonly<Record<string, string>> }[] = []
  const attached = { Filters: [{ Name: 'attachment.instance-id', Values: ids }] }
  for await (const page of sdk.paginateDescribeVolumes({ client, pageSize: 500 }, attached)) {
    volumes.push(
      ...(page.Volumes ?? []).map((one) => ({ id: one.VolumeId ?? '', tags: tagsOf(one) })),
    )
  }
  const eksName = named ?? clusterNameIn(instances)
  if (eksName === undefined) {
    throw new PreflightError(
      `Neither the context ${target.context} nor the tags of its instances tell the name of the EKS cluster.`,
      {
        hint: `aws eks update-kubeconfig --region ${access.region} --name NAME writes a context that does.`,
      },
    )
  }
  const caData = cluster.kubeconfig.getCurrentCluster()?.caData
  return {
    region: access.region,
    identity,
    instances,
    volumes,
    eks: await describeEksCluster(access, eksName),
    eksName,
    ...(caData === undefined ? {} : { caData }),
  }
}

/** What each fault calls that `tryCall` knows. */
const CALLS: Partial<Record<FaultName, readonly string[]>> = {
  'stop-instance': ['StopInstances', 'StartInstances'],
  'power-cut': ['StopInstances', 'StartInstances'],
  'zone-outage': ['StopInstances', 'StartInstances'],
  'two-zone-outage': ['StopInstances', 'StartInstances'],
  'out-of-service': ['StopInstances', 'StartInstances'],
  'reboot-instance': ['RebootInstances'],
  'terminate-instance': ['TerminateInstances'],
  'zone-partition': ['CreateNetworkAcl', 'ReplaceNetworkAclAssociation'],
}

/** Whether the credentials may make the faults' calls: EC2 is asked itself, by dry runs. */
export async function judgeCalls(
  aws: Aws,
  faults: readonly FaultName[],
  zones: readonly Zone[],
  arn: string,
): Promise<Refusal[]> {
  const actions = [...new Set(faults.flatMap((fault) => CALLS[fault] ?? []))]
  const [instanceId] = zones.flatMap((zone) => zone.nodes.flatMap((node) => node.instanceId ?? []))
  if (actions.length === 0 || instanceId === undefined) return []
  const ec2 = await aws.ec2()
  const [instance = { InstanceId: instanceId }] = await ec2.listInstances([instanceId])
  const on = { ec2, instance, tags: { [RUN_LABEL]: 'preflight' } }
  const denied = new Set<string>()
  for (const name of actions) {
    const { trial, action } = await tryCall(name, on)
    if (trial === 'denied') denied.add(`ec2:${action}`)
  }
  if (denied.size === 0) return []
  return [
    {
      check: 'rights',
      text: `The AWS credentials (${arn}) may not call ${[...denied].join(', ')}, which the faults ${faults.filter((fault) => CALLS[fault]).join(', ')} need.`,
      todo: ATTACH_POLICY,
    },
  ]
}

/** Whether the subnets that a network fault would cut off hold the cluster's own nodes alone. */
export async function judgeSubnets(
  cluster: Cluster,
  aws: Aws,
  target: TargetDescription,
  zones: readonly Zone[],
): Promise<Refusal[]> {
  const refusals: Refusal[] = []
  for (const zone of zones) {
    try {
      await zonePartition.plan({ cluster, namespace: target.namespace, aws }, zone)
    } catch (error) {
      if (!(error instanceof PreflightError) && !(error instanceof InconclusiveError)) throw error
      refusals.push({
        check: 'subnets',
        text: error.message,
        todo: error.hint ?? 'npx zonefall list shows scenarios without network faults.',
      })
    }
  }
  return refusals
}
