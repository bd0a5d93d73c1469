import type { Cluster, Nodegroup } from '@aws-sdk/client-eks'
import type { AwsAccess } from '../model/target.ts'
import { clientOptions } from './client-options.ts'

/** What EKS says of a cluster and of its managed node groups. */
export interface EksCluster {
  readonly cluster: Cluster
  readonly nodeGroups: readonly Nodegroup[]
}

/**
 * Asks EKS for a cluster.
 *
 * @throws the SDK's error: ResourceNotFoundException when the account has none of that name in the
 *   region, AccessDeniedException without eks:DescribeCluster, eks:ListNodegroups and
 *   eks:DescribeNodegroup
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
    return { cluster, nodeGroups }
  } finally {
    client.destroy()
  }
}
