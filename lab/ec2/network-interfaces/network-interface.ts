import { ApiError } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import type { Instance } from '../instances/instance.ts'
import { dnsNameOf, macOf } from '../network/address-names.ts'
import { type ControlPlaneOptions, type Subnet, takeAddress } from '../network/vpc.ts'
import { tagSet } from '../tags/tag-rules.ts'
import type { XmlObject } from '../wire/xml.ts'

/** What all interfaces have. */
export interface NetworkInterface {
  readonly id: string
  readonly sequence: number
  readonly subnet: Subnet
  readonly description: string
  readonly macAddress: string
  readonly privateIp: string
  readonly privateDnsName: string
  readonly tags: Map<string, string>
  /** Who made it, when it wasn't the account itself. */
  readonly requesterId: string | undefined
  readonly attachment: {
    readonly id: string
    readonly deviceIndex: number
    readonly attachTimeMs: number
    /** Undefined for what isn't the account's. */
    readonly instanceId: string | undefined
    /** Undefined for the account itself. */
    readonly instanceOwnerId: string | undefined
  }
}

/** One that a service of AWS keeps in the VPC. */
export type ManagedInterface = NetworkInterface & { readonly requesterId: string }

/** Stands for AWS's own accounts, in which EKS runs its control planes. */
const EKS_ACCOUNT_ID = '999999999999'

/** EKS's interface, as EKS makes it (EKS user guide, "View Amazon EKS networking requirements"). */
export function createManagedInterface(
  context: Pick<Ec2Context, 'newId' | 'nextSequence' | 'clock' | 'region'>,
  subnet: Subnet,
  { clusterName, address }: ControlPlaneOptions,
): ManagedInterface {
  const { newId, nextSequence, clock, region } = context
  takeAddress(subnet, address)
  return {
    id: newId('eni'),
    sequence: nextSequence(),
    subnet,
    description: `Amazon EKS ${clusterName}`,
    macAddress: macOf(address),
    privateIp: address,
    privateDnsName: dnsNameOf(region, address),
    tags: new Map(),
    requesterId: `${EKS_ACCOUNT_ID}:AmazonEKS`,
    attachment: {
      id: newId('eni-attach'),
      deviceIndex: 1,
      attachTimeMs: clock.now(),
      instanceId: undefined,
      instanceOwnerId: EKS_ACCOUNT_ID,
    },
  }
}

/** The primary interface of an instance, the only one it has. */
export const interfaceOf = (instance: Instance): NetworkInterface => ({
  id: instance.interfaceId,
  sequence: instance.sequence,
  subnet: instance.subnet,
  description: '',
  macAddress: instance.macAddress,
  privateIp: instance.privateIp,
  privateDnsName: instance.privateDnsName,
  tags: instance.interfaceTags,
  requesterId: undefined,
  attachment: {
    id: instance.interfaceAttachmentId,
    deviceIndex: 0,
    attachTimeMs: instance.firstLaunchMs,
    instanceId: instance.id,
    instanceOwnerId: undefined,
  },
})

/** All there are. An instance's own goes when it is terminated. */
export const allInterfaces = (context: Ec2Context): readonly NetworkInterface[] => [
  ...context.managedInterfaces,
  ...[...context.instances.values()]
    .filter(({ state }) => state.name !== 'terminated')
    .map(interfaceOf),
]

/** Throws InvalidNetworkInterfaceID.NotFound. */
export function findInterface(context: Ec2Context, id: string): NetworkInterface {
  const found = allInterfaces(context).find((one) => one.id === id)
  if (found !== undefined) return found
  const words = `The networkInterface ID '${id}' does not exist`
  throw new ApiError('InvalidNetworkInterfaceID.NotFound', words)
}

/** As DescribeInstances shows it. */
export function interfaceInInstance(context: Ec2Context, one: NetworkInterface): XmlObject {
  const { privateDnsName, privateIp: privateIpAddress } = one
  return {
    networkInterfaceId: one.id,
    subnetId: one.subnet.id,
    vpcId: context.vpc.id,
    description: one.description,
    ownerId: context.accountId,
    status: 'in-use',
    macAddress: one.macAddress,
    privateIpAddress,
    privateDnsName,
    sourceDestCheck: true,
    groupSet: [],
    attachment: attachmentInInstance(one),
    privateIpAddressesSet: [{ privateIpAddress, privateDnsName, primary: true }],
    ipv6AddressesSet: [],
    interfaceType: 'interface',
  }
}

/** As DescribeNetworkInterfaces shows it. */
export function interfaceView(context: Ec2Context, one: NetworkInterface): XmlObject {
  const { instanceId, instanceOwnerId = context.accountId } = one.attachment
  return {
    ...interfaceInInstance(context, one),
    attachment: { ...attachmentInInstance(one), instanceId, instanceOwnerId },
    availabilityZone: one.subnet.zone.name,
    availabilityZoneId: one.subnet.zone.id,
    requesterId: one.requesterId,
    requesterManaged: one.requesterId !== undefined,
    tagSet: tagSet(one.tags),
  }
}

const attachmentInInstance = ({ attachment }: NetworkInterface) => ({
  attachmentId: attachment.id,
  deviceIndex: attachment.deviceIndex,
  networkCardIndex: 0,
  status: 'attached',
  attachTime: new Date(attachment.attachTimeMs),
  deleteOnTermination: true,
})
