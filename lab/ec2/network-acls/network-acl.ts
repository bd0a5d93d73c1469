import { ApiError } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import type { Subnet } from '../network/vpc.ts'

export interface AclEntry {
  readonly ruleNumber: number
  /** The protocol's number; `-1` is every protocol. */
  readonly protocol: string
  readonly action: 'allow' | 'deny'
  readonly egress: boolean
  readonly cidr: string
  /** Of the destination; for TCP and UDP alone. */
  readonly ports: { readonly from: number; readonly to: number } | undefined
  /** -1 is every type, or every code. */
  readonly icmp: { readonly type: number; readonly code: number } | undefined
}

export interface NetworkAcl {
  readonly id: string
  readonly sequence: number
  /** The VPC's own, which subnets have until they get another. */
  readonly isDefault: boolean
  readonly tags: Map<string, string>
  /** In no order; without the last rule, which is implied. */
  entries: readonly AclEntry[]
}

/** Which ACL a subnet has. It has always exactly one; with another it gets another id. */
export interface AclAssociation {
  readonly id: string
  readonly subnetId: string
  readonly aclId: string
}

/** The rule `*` of each direction: what no other rule matches is denied. It can't be changed. */
export const LAST_RULE_NUMBER = 32_767

export function createAcl(
  context: Pick<Ec2Context, 'newId' | 'nextSequence'>,
  isDefault: boolean,
  tags: ReadonlyMap<string, string> = new Map(),
): NetworkAcl {
  const allowAll = { ruleNumber: 100, protocol: '-1', action: 'allow', cidr: '0.0.0.0/0' } as const
  const entries = [false, true].map((egress): AclEntry => ({
    ...allowAll,
    egress,
    ports: undefined,
    icmp: undefined,
  }))
  return {
    id: context.newId('acl'),
    sequence: context.nextSequence(),
    isDefault,
    tags: new Map(tags),
    entries: isDefault ? entries : [],
  }
}

export const associate = (
  context: Pick<Ec2Context, 'newId'>,
  subnet: Subnet,
  acl: NetworkAcl,
): AclAssociation => ({ id: context.newId('aclassoc'), subnetId: subnet.id, aclId: acl.id })

/** Throws InvalidNetworkAclID.NotFound. */
export function findAcl(context: Ec2Context, id: string): NetworkAcl {
  const acl = context.networkAcls.get(id)
  if (acl !== undefined) return acl
  const words = `The networkAcl ID '${id}' does not exist`
  throw new ApiError('InvalidNetworkAclID.NotFound', words)
}

/** Throws InvalidAssociationID.NotFound, also for one that was replaced. */
export function findAssociation(context: Ec2Context, id: string): AclAssociation {
  for (const association of context.aclAssociations.values()) {
    if (association.id === id) return association
  }
  const words = `The association ID '${id}' does not exist`
  throw new ApiError('InvalidAssociationID.NotFound', words)
}

export const associationsOf = (context: Ec2Context, acl: NetworkAcl): readonly AclAssociation[] =>
  [...context.aclAssociations.values()].filter(({ aclId }) => aclId === acl.id)

/** The rules of one direction in the order in which they are tried, without the last one. */
export const rulesOf = (acl: NetworkAcl, egress: boolean): readonly AclEntry[] =>
  acl.entries.filter((entry) => entry.egress === egress).sort((a, b) => a.ruleNumber - b.ruleNumber)
