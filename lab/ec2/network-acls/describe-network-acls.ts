import { defineAction } from '../action.ts'
import type { Ec2Context } from '../context.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { pageOf, sequenceKey } from '../paging.ts'
import { filterParameters, list, pagingParameters, text } from '../wire/parameters.ts'
import { aclView, shownEntries } from './acl-view.ts'
import { type AclEntry, associationsOf, findAcl, type NetworkAcl } from './network-acl.ts'

const entriesBy =
  (pick: (entry: AclEntry) => string | number | boolean | undefined) => (acl: NetworkAcl) =>
    shownEntries(acl).map(pick)

const filtersOf = (context: Ec2Context): FilterTable<NetworkAcl> => ({
  'network-acl-id': ({ id }) => id,
  'vpc-id': () => context.vpc.id,
  'owner-id': () => context.accountId,
  default: ({ isDefault }) => isDefault,
  'association.association-id': (acl) => associationsOf(context, acl).map(({ id }) => id),
  'association.network-acl-id': (acl) => associationsOf(context, acl).map(({ aclId }) => aclId),
  'association.subnet-id': (acl) => associationsOf(context, acl).map(({ subnetId }) => subnetId),
  'entry.cidr': entriesBy(({ cidr }) => cidr),
  'entry.egress': entriesBy(({ egress }) => egress),
  'entry.icmp.code': entriesBy(({ icmp }) => icmp?.code),
  'entry.icmp.type': entriesBy(({ icmp }) => icmp?.type),
  'entry.ipv6-cidr': () => undefined,
  'entry.port-range.from': entriesBy(({ ports }) => ports?.from),
  'entry.port-range.to': entriesBy(({ ports }) => ports?.to),
  'entry.protocol': entriesBy(({ protocol }) => protocol),
  'entry.rule-action': entriesBy(({ action }) => action),
  'entry.rule-number': entriesBy(({ ruleNumber }) => ruleNumber),
})

export const describeNetworkAcls = defineAction({
  name: 'DescribeNetworkAcls',
  parameters: {
    NetworkAclId: list(text).optional(),
    Filter: filterParameters,
    ...pagingParameters,
  },
  prepare({ NetworkAclId: ids, Filter, ...page }, context) {
    const matches = compileFilters(Filter, filtersOf(context), ({ tags }) => tags)
    const found =
      ids === undefined
        ? [...context.networkAcls.values()]
        : [...new Set(ids)].map((id) => findAcl(context, id))
    const { items, nextToken } = pageOf(found.filter(matches), sequenceKey, page, {
      action: 'DescribeNetworkAcls',
      min: 5,
      max: 1000,
      query: [ids, Filter],
      idsParameter: ids && 'networkAclIds',
    })
    return () => ({ networkAclSet: items.map((acl) => aclView(context, acl)), nextToken })
  },
})
