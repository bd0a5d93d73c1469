import { defineAction } from '../action.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { pageOf, sequenceKey } from '../paging.ts'
import { tagSet } from '../tags/tag-rules.ts'
import { filterParameters, list, pagingParameters, text } from '../wire/parameters.ts'
import { findSubnet, findVpc, freeAddressCount, type Subnet, type Vpc } from './vpc.ts'

/** A subnet as EC2 describes it: it knows its VPC. */
interface Placed {
  readonly subnet: Subnet
  readonly vpc: Vpc
  readonly region: string
  readonly ownerId: string
  readonly sequence: number
}

function arnOf({ subnet, region, ownerId }: Placed): string {
  return `arn:aws:ec2:${region}:${ownerId}:subnet/${subnet.id}`
}

const subnetFilters: FilterTable<Placed> = {
  'subnet-id': ({ subnet }) => subnet.id,
  'vpc-id': ({ vpc }) => vpc.id,
  'subnet-arn': arnOf,
  'availability-zone': ({ subnet }) => subnet.zone.name,
  availabilityZone: ({ subnet }) => subnet.zone.name,
  'availability-zone-id': ({ subnet }) => subnet.zone.id,
  availabilityZoneId: ({ subnet }) => subnet.zone.id,
  'available-ip-address-count': ({ subnet }) => freeAddressCount(subnet),
  'cidr-block': ({ subnet }) => subnet.cidr,
  cidr: ({ subnet }) => subnet.cidr,
  cidrBlock: ({ subnet }) => subnet.cidr,
  'default-for-az': () => false,
  defaultForAz: () => false,
  'map-public-ip-on-launch': () => false,
  'ipv6-native': () => false,
  'owner-id': ({ ownerId }) => ownerId,
  state: () => 'available',
}

export const describeSubnets = defineAction({
  name: 'DescribeSubnets',
  parameters: {
    SubnetId: list(text).optional(),
    Filter: filterParameters,
    ...pagingParameters,
  },
  prepare({ SubnetId: ids, Filter, ...page }, context) {
    const matches = compileFilters(Filter, subnetFilters, ({ subnet }: Placed) => subnet.tags)
    const { vpc, region, accountId: ownerId } = context
    const found = ids?.map((id) => findSubnet(context, id)) ?? [...context.subnets.values()]
    const placed = found.map((subnet): Placed => {
      return { subnet, vpc, region, ownerId, sequence: subnet.sequence }
    })
    const { items, nextToken } = pageOf(placed.filter(matches), sequenceKey, page, {
      action: 'DescribeSubnets',
      min: 5,
      max: 1000,
      query: [ids, Filter],
      idsParameter: ids && 'subnetIds',
    })
    return () => ({
      subnetSet: items.map(({ subnet, ...rest }) => ({
        subnetId: subnet.id,
        subnetArn: arnOf({ subnet, ...rest }),
        state: 'available',
        ownerId,
        vpcId: vpc.id,
        cidrBlock: subnet.cidr,
        ipv6CidrBlockAssociationSet: [],
        availableIpAddressCount: freeAddressCount(subnet),
        availabilityZone: subnet.zone.name,
        availabilityZoneId: subnet.zone.id,
        defaultForAz: false,
        mapPublicIpOnLaunch: false,
        mapCustomerOwnedIpOnLaunch: false,
        assignIpv6AddressOnCreation: false,
        ipv6Native: false,
        enableDns64: false,
        privateDnsNameOptionsOnLaunch: {
          hostnameType: 'ip-name',
          enableResourceNameDnsARecord: false,
          enableResourceNameDnsAAAARecord: false,
        },
        tagSet: tagSet(subnet.tags),
      })),
      nextToken,
    })
  },
})

const vpcFilters: FilterTable<Vpc> = {
  'vpc-id': (vpc) => vpc.id,
  cidr: (vpc) => vpc.cidr,
  'cidr-block-association.cidr-block': (vpc) => vpc.cidr,
  'is-default': () => false,
  state: () => 'available',
}

export const describeVpcs = defineAction({
  name: 'DescribeVpcs',
  parameters: { VpcId: list(text).optional(), Filter: filterParameters, ...pagingParameters },
  prepare({ VpcId: ids, Filter, ...page }, context) {
    const matches = compileFilters(Filter, vpcFilters, (vpc) => vpc.tags)
    const { vpc, accountId } = context
    for (const id of ids ?? []) findVpc(context, id)
    const { items, nextToken } = pageOf([vpc].filter(matches), sequenceKey, page, {
      action: 'DescribeVpcs',
      min: 5,
      max: 1000,
      query: [ids, Filter],
      idsParameter: ids && 'vpcIds',
    })
    return () => ({
      vpcSet: items.map(({ id, cidr, tags }) => ({
        vpcId: id,
        ownerId: accountId,
        state: 'available',
        cidrBlock: cidr,
        cidrBlockAssociationSet: [
          {
            associationId: id.replace('vpc-', 'vpc-cidr-assoc-'),
            cidrBlock: cidr,
            cidrBlockState: { state: 'associated' },
          },
        ],
        instanceTenancy: 'default',
        isDefault: false,
        tagSet: tagSet(tags),
      })),
      nextToken,
    })
  },
})
