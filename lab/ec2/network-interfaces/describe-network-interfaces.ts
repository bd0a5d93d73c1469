import { defineAction } from '../action.ts'
import type { Ec2Context } from '../context.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { pageOf, sequenceKey } from '../paging.ts'
import { filterParameters, list, pagingParameters, text } from '../wire/parameters.ts'
import {
  allInterfaces,
  findInterface,
  interfaceView,
  type NetworkInterface,
} from './network-interface.ts'

const filtersOf = (context: Ec2Context): FilterTable<NetworkInterface> => ({
  'network-interface-id': ({ id }) => id,
  'vpc-id': () => context.vpc.id,
  'owner-id': () => context.accountId,
  'subnet-id': ({ subnet }) => subnet.id,
  'availability-zone': ({ subnet }) => subnet.zone.name,
  'availability-zone-id': ({ subnet }) => subnet.zone.id,
  description: (one) => one.description,
  'interface-type': () => 'interface',
  'mac-address': ({ macAddress }) => macAddress,
  'private-dns-name': ({ privateDnsName }) => privateDnsName,
  'private-ip-address': ({ privateIp }) => privateIp,
  'addresses.private-ip-address': ({ privateIp }) => privateIp,
  'addresses.primary': () => true,
  'requester-id': ({ requesterId }) => requesterId,
  'requester-managed': ({ requesterId }) => requesterId !== undefined,
  'source-dest-check': () => true,
  status: () => 'in-use',
  'attachment.attachment-id': ({ attachment }) => attachment.id,
  'attachment.attach-time': ({ attachment }) => new Date(attachment.attachTimeMs).toISOString(),
  'attachment.delete-on-termination': () => true,
  'attachment.device-index': ({ attachment }) => attachment.deviceIndex,
  'attachment.instance-id': ({ attachment }) => attachment.instanceId,
  'attachment.instance-owner-id': ({ attachment }) =>
    attachment.instanceOwnerId ?? context.accountId,
  'attachment.status': () => 'attached',
})

export const describeNetworkInterfaces = defineAction({
  name: 'DescribeNetworkInterfaces',
  parameters: {
    NetworkInterfaceId: list(text).optional(),
    Filter: filterParameters,
    ...pagingParameters,
  },
  prepare({ NetworkInterfaceId: ids, Filter, ...page }, context) {
    const matches = compileFilters(Filter, filtersOf(context), ({ tags }) => tags)
    const found =
      ids === undefined
        ? allInterfaces(context)
        : [...new Set(ids)].map((id) => findInterface(context, id))
    const { items, nextToken } = pageOf(found.filter(matches), sequenceKey, page, {
      action: 'DescribeNetworkInterfaces',
      min: 5,
      max: 1000,
      query: [ids, Filter],
      idsParameter: ids && 'networkInterfaceIds',
    })
    return () => ({
      networkInterfaceSet: items.map((one) => interfaceView(context, one)),
      nextToken,
    })
  },
})
