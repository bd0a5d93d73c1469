import { defineAction } from '../action.ts'
import { ApiError, invalidValue } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { findSubnet, findVpc } from '../network/vpc.ts'
import { tagsFor } from '../tags/tag-rules.ts'
import { flag, integer, tagSpecifications, text } from '../wire/parameters.ts'
import { checkRuleNumber, entryOf, entryParameters } from './acl-entry.ts'
import { aclView } from './acl-view.ts'
import { beginApplyAcls } from './apply-acls.ts'
import {
  associate,
  associationsOf,
  createAcl,
  findAcl,
  findAssociation,
  type AclEntry,
  type NetworkAcl,
} from './network-acl.ts'

/** Source: VPC user guide, "Amazon VPC quotas"; both can be raised there. */
const MAX_ACLS = 200
const MAX_ENTRIES_PER_DIRECTION = 20

export const createNetworkAcl = defineAction({
  name: 'CreateNetworkAcl',
  parameters: {
    VpcId: text,
    TagSpecification: tagSpecifications,
    ClientToken: text.optional(),
  },
  prepare(parameters, context) {
    const { ClientToken: token } = parameters
    const request = { action: 'CreateNetworkAcl', token, parameters }
    const earlier = context.idempotency.find(
      request,
      (id) => context.networkAcls.has(id),
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    )
    const found = earlier?.flatMap((id) => context.networkAcls.get(id) ?? [])[0]
    if (found !== undefined) return () => answer(context, found, token)
    findVpc(context, parameters.VpcId)
    const tags = tagsFor(parameters.TagSpecification, ['network-acl'])
    if (context.networkAcls.size >= MAX_ACLS) {
      const words = `The maximum number of network ACLs has been reached.`
      throw new ApiError('NetworkAclLimitExceeded', words)
    }
    return () => {
      const acl = createAcl(context, false, tags.get('network-acl'))
      context.networkAcls.set(acl.id, acl)
      context.idempotency.remember(request, [acl.id])
      return answer(context, acl, token)
    }
  },
})

const answer = (context: Ec2Context, acl: NetworkAcl, token: string | undefined) => ({
  networkAcl: aclView(context, acl),
  clientToken: token,
})

export const deleteNetworkAcl = defineAction({
  name: 'DeleteNetworkAcl',
  parameters: { NetworkAclId: text },
  prepare({ NetworkAclId: id }, context) {
    const acl = findAcl(context, id)
    if (acl.isDefault) throw invalidValue(`cannot delete default network ACL ${id}`)
    if (associationsOf(context, acl).length > 0) {
      const words = `The networkAcl '${id}' has dependencies and cannot be deleted.`
      throw new ApiError('DependencyViolation', words)
    }
    return () => {
      context.networkAcls.delete(id)
      return { return: true }
    }
  },
})

/** The subnet that had an ACL has another, under another id of association. */
export const replaceNetworkAclAssociation = defineAction({
  name: 'ReplaceNetworkAclAssociation',
  parameters: { AssociationId: text, NetworkAclId: text },
  prepare({ AssociationId: id, NetworkAclId: aclId }, context) {
    const { subnetId } = findAssociation(context, id)
    const acl = findAcl(context, aclId)
    return () => {
      const association = associate(context, findSubnet(context, subnetId), acl)
      context.aclAssociations.set(subnetId, association)
      beginApplyAcls(context)
      return { newAssociationId: association.id }
    }
  },
})

export const createNetworkAclEntry = defineAction({
  name: 'CreateNetworkAclEntry',
  parameters: entryParameters,
  prepare(parameters, context) {
    const acl = findAcl(context, parameters.NetworkAclId)
    const entry = entryOf(parameters)
    if (acl.entries.some((one) => isSamePlace(one, entry))) {
      throw new ApiError(
        'NetworkAclEntryAlreadyExists',
        `The network acl entry identified by ${entry.ruleNumber} already exists.`,
      )
    }
    const count = acl.entries.filter((one) => one.egress === entry.egress).length
    if (count >= MAX_ENTRIES_PER_DIRECTION) {
      const words = 'The maximum number of network acl entries has been reached.'
      throw new ApiError('NetworkAclEntryLimitExceeded', words)
    }
    return () => setEntries(context, acl, [...acl.entries, entry])
  },
})

export const replaceNetworkAclEntry = defineAction({
  name: 'ReplaceNetworkAclEntry',
  parameters: entryParameters,
  prepare(parameters, context) {
    const acl = findAcl(context, parameters.NetworkAclId)
    const entry = entryOf(parameters)
    const others = without(acl, entry)
    return () => setEntries(context, acl, [...others, entry])
  },
})

export const deleteNetworkAclEntry = defineAction({
  name: 'DeleteNetworkAclEntry',
  parameters: { NetworkAclId: text, RuleNumber: integer, Egress: flag },
  prepare({ NetworkAclId: id, RuleNumber: ruleNumber, Egress: egress }, context) {
    const acl = findAcl(context, id)
    checkRuleNumber(ruleNumber)
    const others = without(acl, { ruleNumber, egress })
    return () => setEntries(context, acl, others)
  },
})

type Place = Pick<AclEntry, 'ruleNumber' | 'egress'>

const isSamePlace = (a: Place, b: Place): boolean =>
  a.ruleNumber === b.ruleNumber && a.egress === b.egress

/** Throws InvalidNetworkAclEntry.NotFound when there is none at that place. */
function without(acl: NetworkAcl, place: Place): readonly AclEntry[] {
  const others = acl.entries.filter((one) => !isSamePlace(one, place))
  if (others.length < acl.entries.length) return others
  const direction = place.egress ? 'egress' : 'ingress'
  const words = `no ${direction} entry with number ${place.ruleNumber}`
  throw new ApiError('InvalidNetworkAclEntry.NotFound', words)
}

function setEntries(context: Ec2Context, acl: NetworkAcl, entries: readonly AclEntry[]) {
  acl.entries = entries
  beginApplyAcls(context)
  return { return: true }
}
