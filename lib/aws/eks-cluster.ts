import type { Cluster, FargateProfile, Nodegroup } from '@aws-sdk/client-eks'
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
    const { cluster = {} } = await client.send(new sdk.DescribeClusterCommand({ name }))
    const names: string[] = []
    for await (const page of sdk.paginateListNodegroups({ client }, { clusterName: name })) {
      names.push(...(page.nodegroups ?? []))
    }
    const nodeGroups: Nodegroup[] = []
    for (const nodegroupName of names) {
      const answer = await client.send(
        new sdk.DescribeNodegroupCommand({ clusterName: name, nodegroupName }),
      )
      if (answer.nodegroup) nodeGroups.push(answer.nodegroup)
    }
    const profiles: string[] = []
    for await (const page of sdk.paginateListFargateProfiles({ client }, { clusterName: name })) {
      profiles.push(...(page.fargateProfileNames ?? []))
    }
    const fargateProfiles: FargateProfile[] = []
    for (const fargateProfileName of profiles) {
      const answer = await client.send(
        new sdk.DescribeFargateProfileCommand({ clusterName: name, fargateProfileName }),
      )
      if (answer.fargateProfile) fargateProfiles.push(answer.fargateProfile)
    }
    return { cluster, nodeGroups, fargateProfiles }
  } finally {
    client.destroy()
  }
}
