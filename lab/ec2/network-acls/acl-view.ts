import type { Ec2Context } from '../context.ts'
import { tagSet } from '../tags/tag-rules.ts'
import type { XmlObject } from '../wire/xml.ts'
import {
  type AclEntry,
  associationsOf,
  LAST_RULE_NUMBER,
  type NetworkAcl,
  rulesOf,
} from './network-acl.ts'

/** Every entry as it is shown, the implied last one of each direction too. */
export const shownEntries = (acl: NetworkAcl): readonly AclEntry[] =>
  [true, false].flatMap((egress) => [...rulesOf(acl, egress), lastRule(egress)])

const lastRule = (egress: boolean): AclEntry => ({
  ruleNumber: LAST_RULE_NUMBER,
  protocol: '-1',
  action: 'deny',
  egress,
  cidr: '0.0.0.0/0',
  ports: undefined,
  icmp: undefined,
})

/** An ACL as CreateNetworkAcl and DescribeNetworkAcls show it. */
export const aclView = (context: Ec2Context, acl: NetworkAcl): XmlObject => ({
  networkAclId: acl.id,
  vpcId: context.vpc.id,
  ownerId: context.accountId,
  default: acl.isDefault,
  entrySet: shownEntries(acl).map(
    ({ ruleNumber, protocol, action, egress, cidr, ports, icmp }) => ({
      ruleNumber,
      protocol,
      ruleAction: action,
      egress,
      cidrBlock: cidr,
      icmpTypeCode: icmp,
      portRange: ports,
    }),
  ),
  associationSet: associationsOf(context, acl).map(({ id, aclId, subnetId }) => ({
    networkAclAssociationId: id,
    networkAclId: aclId,
    subnetId,
  })),
  tagSet: tagSet(acl.tags),
})
