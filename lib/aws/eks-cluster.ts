import type { Cluster, EKSClient, FargateProfile, Nodegroup } from '@aws-sdk/client-eks'
import type { AwsAccess } from '../model/target.ts'
import { clientOptions } from './client-options.ts'

/** What EKS says of a cluster, of its managed node groups and of its Fargate profiles. */
export interface EksCluster {
  readonly cluster: Cluster
  readonly nodeGroups: readonly Nodegroup[]
  readonly fargateProfiles: readonly FargateProfile[]
}

/**
 * Asks EKS for a cluster.
 *
 * @throws the SDK's error: ResourceNotFoundException when the account has none of that name in the
 *   region, AccessDeniedException without eks:DescribeCluster, eks:ListNodegroups,
 *   eks:DescribeNodegroup, eks:ListFargateProfiles and eks:DescribeFargateProfile
 */
export async function describeEksCluster(access: AwsAccess, name: string): Promise<EksCluster> {
  const sdk = await import('@aws-sdk/client-eks')
  const client = new sdk.EKSClient(clientOptions(access))
  try {
    return await readEksCluster({ client, sdk }, name)
  } finally {
    client.destroy()
  }
}

/** The same by a client that is there. */
export async function readEksCluster(
  {
    client,
    sdk,
  }: { readonly client: EKSClient; readonly sdk: typeof import('@aws-sdk/client-eks') },
  name: string,
): Promise<EksCluster> {
  const { cluster = {} } = await client.send(new sdk.DescribeClusterCommand({ name }))
  const groups: string[] = []
  for await (const page of sdk.paginateListNodegroups({ client }, { clusterName: name })) {
    groups.push(...(page.nodegroups ?? []))
  }
  const nodeGroups: Nodegroup[] = []
  for (const nodegroupName of groups) {
    const command = new sdk.DescribeNodegroupCommand({ clusterName: name, nodegroupName })
    const { nodegroup } = await client.send(command)
    if (nodegroup) nodeGroups.push(nodegroup)
  }
  const profiles: string[] = []
  for await (const page of sdk.paginateListFargateProfiles({ client }, { clusterName: name })) {
    profiles.push(...(page.fargateProfileNames ?? []))
  }
  const fargateProfiles: FargateProfile[] = []
  for (const fargateProfileName of profiles) {
    const command = new sdk.DescribeFargateProfileCommand({ clusterName: name, fargateProfileName })
    const { fargateProfile } = await client.send(command)
    if (fargateProfile) fargateProfiles.push(fargateProfile)
  }
  return { cluster, nodeGroups, fargateProfiles }
}
