import type { NetworkAcl, NetworkInterface } from '@aws-sdk/client-ec2'
import { type Ec2, isAwsError } from './ec2.ts'
import { untilSettled } from './settled.ts'
import { awsTags, tagOf, TOKEN_TAG } from './tags.ts'

/** A subnet's one association with an ACL. */
export interface AclAssociation {
  readonly associationId: string
  readonly aclId: string
  /** Of the ACL, where it has one. */
  readonly token?: string
}

/** Which ACL a subnet has now; undefined of a subnet that doesn't exist. */
export async function readAssociation(
  { client, sdk }: Ec2,
  subnetId: string,
): Promise<AclAssociation | undefined> {
  const { NetworkAcls = [] } = await client.send(
    new sdk.DescribeNetworkAclsCommand({
      Filters: [{ Name: 'association.subnet-id', Values: [subnetId] }],
    }),
  )
  for (const acl of NetworkAcls) {
    const found = acl.Associations?.find((item) => item.SubnetId === subnetId)
    const { NetworkAclAssociationId: associationId, NetworkAclId: aclId } = found ?? {}
    if (associationId === undefined || aclId === undefined) continue
    const token = tagOf(acl, TOKEN_TAG)
    return { associationId, aclId, ...(token === undefined ? {} : { token }) }
  }
  return undefined
}

/** Makes an ACL, which denies everything both ways as every new one does. @returns its id */
export async function createDenyAllAcl(
  { client, sdk }: Ec2,
  vpcId: string,
  token: string,
  tags: Readonly<Record<string, string>>,
): Promise<string> {
  const { NetworkAcl: made } = await client.send(
    new sdk.CreateNetworkAclCommand({
      VpcId: vpcId,
      ClientToken: token,
      TagSpecifications: [
        {
          ResourceType: 'network-acl',
          Tags: awsTags({ ...tags, [TOKEN_TAG]: token }),
        },
      ],
    }),
  )
  if (made?.NetworkAclId === undefined) throw new Error('CreateNetworkAcl answered without an id.')
  return made.NetworkAclId
}

/**
 * Gives a subnet another ACL, if the one that it has is the one to be replaced. An association or an
 * ACL that EC2 doesn't find is one that the read was behind with, or the call: read and called again.
 *
 * @returns the ACL that the subnet had at last, where that is another; it is left. `none` without
 *   a subnet
 * @throws WaitTimeoutError while EC2 finds no such association or ACL
 */
export async function replaceAcl(
  ec2: Ec2,
  subnetId: string,
  aclId: string,
  isReplaced: (now: AclAssociation) => boolean,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { client, sdk } = ec2
  let seen = 'none'
  const done = await untilSettled(
    ec2,
    `subnet ${subnetId} to be seen with the network ACL to replace`,
    async () => {
      const now = await readAssociation(ec2, subnetId)
      seen = now?.aclId ?? 'none'
      if (!now || !isReplaced(now)) return undefined
      try {
        return await client.send(
          new sdk.ReplaceNetworkAclAssociationCommand({
            AssociationId: now.associationId,
            NetworkAclId: aclId,
          }),
        )
      } catch (error) {
        if (!NOT_FOUND.some((code) => isAwsError(error, code))) throw error
        return undefined
      }
    },
    signal,
  )
  return done ? undefined : seen
}

const NOT_FOUND = ['InvalidAssociationID.NotFound', 'InvalidNetworkAclID.NotFound']

/** Puts `aclId` back on a subnet, if the ACL that it has is the one with the token. */
export async function restoreAcl(
  ec2: Ec2,
  subnetId: string,
  aclId: string,
  token: string,
  signal?: AbortSignal,
): Promise<void> {
  await replaceAcl(ec2, subnetId, aclId, (now) => now.token === token, signal)
}

/**
 * Deletes the ACL with a token, if there is one.
 *
 * @throws EC2's DependencyViolation while a subnet has it
 */
export async function deleteAcl(ec2: Ec2, token: string, signal?: AbortSignal): Promise<void> {
  const { client, sdk } = ec2
  let inUse: unknown
  const done = await untilSettled(
    ec2,
    `a network ACL with the token ${token} to show`,
    async () => {
      const [acl] = await aclsTagged(ec2, TOKEN_TAG, token)
      if (!acl) return undefined
      try {
        return await client.send(
          new sdk.DeleteNetworkAclCommand({ NetworkAclId: acl.NetworkAclId }),
        )
      } catch (error) {
        inUse = isAwsError(error, 'DependencyViolation') ? error : undefined
        // Deleted by an earlier undo, or not to be found yet.
        if (!inUse && !isAwsError(error, 'InvalidNetworkAclID.NotFound')) throw error
        return undefined
      }
    },
    signal,
  )
  if (!done && inUse instanceof Error) throw inUse
}

/** All ACLs with a tag. */
async function aclsTagged(
  { client, sdk }: Ec2,
  key: string,
  value: string,
): Promise<readonly NetworkAcl[]> {
  const { NetworkAcls = [] } = await client.send(
    new sdk.DescribeNetworkAclsCommand({ Filters: [{ Name: `tag:${key}`, Values: [value] }] }),
  )
  return NetworkAcls
}

/** All ACLs that the credentials see. */
export async function listAcls({ client, sdk }: Ec2): Promise<readonly NetworkAcl[]> {
  const acls: NetworkAcl[] = []
  for await (const page of sdk.paginateDescribeNetworkAcls({ client }, {})) {
    acls.push(...(page.NetworkAcls ?? []))
  }
  return acls
}

/** The network interfaces in a subnet: of nodes, and of whatever else is there. */
export async function interfacesIn(
  { client, sdk }: Ec2,
  subnetId: string,
): Promise<readonly NetworkInterface[]> {
  const found: NetworkInterface[] = []
  const filter = { Filters: [{ Name: 'subnet-id', Values: [subnetId] }] }
  for await (const page of sdk.paginateDescribeNetworkInterfaces({ client }, filter)) {
    found.push(...(page.NetworkInterfaces ?? []))
  }
  return found
}
