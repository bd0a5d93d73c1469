import { type Ec2, isAwsError } from './ec2.ts'

/** Calls that EC2 judges without making them, and what each is tried on. */
export interface DryRunTargets {
  readonly instanceId?: string
  readonly vpcId?: string
  /** An association of a subnet and the ACL that it has. */
  readonly acl?: { readonly associationId: string; readonly aclId: string }
  /** Tags of what a run makes: a policy may ask for them. */
  readonly tags: readonly { readonly Key: string; readonly Value: string }[]
}

export const DRY_RUNS = [
  'StopInstances',
  'StartInstances',
  'RebootInstances',
  'TerminateInstances',
  'CreateNetworkAcl',
  'ReplaceNetworkAclAssociation',
] as const
export type DryRunAction = (typeof DRY_RUNS)[number]

/**
 * Whether the credentials may make a call, as EC2 says itself: with DryRun it answers that and does
 * nothing. Undefined where there is nothing to try it on, or the answer is about something else.
 */
export async function mayCall(
  ec2: Ec2,
  action: DryRunAction,
  targets: DryRunTargets,
): Promise<boolean | undefined> {
  try {
    const isTried = await tryCall(ec2, action, targets)
    return isTried ? true : undefined
  } catch (error) {
    if (isAwsError(error, 'DryRunOperation')) return true
    return isAwsError(error, 'UnauthorizedOperation') ? false : undefined
  }
}

async function tryCall(
  { client, sdk }: Ec2,
  action: DryRunAction,
  { instanceId, vpcId, acl, tags }: DryRunTargets,
): Promise<boolean> {
  const DryRun = true
  const instances = instanceId === undefined ? undefined : { InstanceIds: [instanceId], DryRun }
  switch (action) {
    case 'StopInstances':
      if (instances) await client.send(new sdk.StopInstancesCommand(instances))
      return instances !== undefined
    case 'StartInstances':
      if (instances) await client.send(new sdk.StartInstancesCommand(instances))
      return instances !== undefined
    case 'RebootInstances':
      if (instances) await client.send(new sdk.RebootInstancesCommand(instances))
      return instances !== undefined
    case 'TerminateInstances':
      if (instances) await client.send(new sdk.TerminateInstancesCommand(instances))
      return instances !== undefined
    case 'CreateNetworkAcl':
      if (vpcId === undefined) return false
      await client.send(
        new sdk.CreateNetworkAclCommand({
          VpcId: vpcId,
          DryRun,
          TagSpecifications: [{ ResourceType: 'network-acl', Tags: [...tags] }],
        }),
      )
      return true
    case 'ReplaceNetworkAclAssociation':
      if (!acl) return false
      await client.send(
        new sdk.ReplaceNetworkAclAssociationCommand({
          AssociationId: acl.associationId,
          NetworkAclId: acl.aclId,
          DryRun,
        }),
      )
      return true
    default:
      return action satisfies never
  }
}
