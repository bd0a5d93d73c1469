import { accessPolicy, partitionOf } from '../aws/access-policy.ts'
import { Aws } from '../aws/aws.ts'
import { whoAmI } from '../aws/identity.ts'
import { tagsOf } from '../aws/tags.ts'
import { clusterNameIn } from '../engine/preflight/read-account.ts'
import { PreflightError } from '../model/errors.ts'
import type { AwsAccess } from '../model/target.ts'

/** That runs make for themselves; see `openNewRun`. */
const NAMESPACES = 'zonefall-*'

/**
 * The IAM policy of manifests/access/ for the cluster with these nodes, in the part of AWS that the
 * credentials are of.
 *
 * @throws the SDK's errors; PreflightError when there is no node that tells the VPC and the cluster
 */
export async function policyFor(
  access: AwsAccess,
  instanceIds: readonly string[],
  named: string | undefined,
): Promise<string> {
  const { account, arn } = await whoAmI(access)
  const aws = new Aws(access)
  try {
    const [instance] = await (await aws.ec2()).listInstances(instanceIds.slice(0, 1))
    const clusterName = named ?? clusterNameIn(instance ? [{ tags: tagsOf(instance) }] : [])
    if (instance?.VpcId === undefined || clusterName === undefined) {
      throw new PreflightError('no node tells its VPC and its cluster')
    }
    return await accessPolicy({
      partition: partitionOf(arn),
      region: access.region,
      accountId: account,
      clusterName,
      vpcId: instance.VpcId,
      namespace: NAMESPACES,
    })
  } finally {
    await aws.close()
  }
}
