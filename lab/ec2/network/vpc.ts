import { ApiError } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'

/** A zone with the one subnet that the lab has in it. */
export interface ZoneOptions {
  /** `us-east-1a` */
  readonly name: string
  /** `use1-az1` */
  readonly id: string
  readonly subnetId: string
  /** `10.0.1.0/24` */
  readonly cidr: string
}

/**
 * Where EKS has its way into the VPC: network interfaces in a subnet of their own, in which the lab
 * has no machines.
 */
export interface ControlPlaneOptions {
  readonly clusterName: string
  readonly subnetId: string
  /** `10.0.0.0/24` */
  readonly cidr: string
  /** `us-east-1a` */
  readonly zone: string
  /** `10.0.0.2` */
  readonly address: string
}

export interface Subnet {
  readonly id: string
  readonly sequence: number
  readonly zone: { readonly name: string; readonly id: string }
  readonly cidr: string
  readonly tags: Map<string, string>
  /** Whether instances can be launched in it. */
  readonly forInstances: boolean
  /** Addresses that interfaces hold. */
  readonly taken: Set<string>
  /** Where the search for a free address goes on: one just given back is not given out next. */
  nextHost: number
}

export interface Vpc {
  readonly id: string
  readonly sequence: number
  readonly cidr: string
  readonly tags: Map<string, string>
}

/** The first machine of a zone is `.10`; below is room for the lab's own. */
const FIRST_HOST = 10
/** AWS keeps the first four addresses of a subnet and the last one. */
const RESERVED_AT_START = 4

export function createSubnet(zone: ZoneOptions, sequence: number, forInstances = true): Subnet {
  return {
    id: zone.subnetId,
    sequence,
    zone: { name: zone.name, id: zone.id },
    cidr: zone.cidr,
    tags: new Map(),
    forInstances,
    taken: new Set(),
    nextHost: FIRST_HOST,
  }
}

/** Every zone once, in the order of the subnets. */
export const zonesOf = (context: Ec2Context): readonly Subnet['zone'][] => [
  ...new Map([...context.subnets.values()].map(({ zone }) => [zone.name, zone] as const)).values(),
]

/** Throws InvalidVpcID.NotFound. */
export function findVpc(context: Ec2Context, id: string): Vpc {
  if (id === context.vpc.id) return context.vpc
  throw new ApiError('InvalidVpcID.NotFound', `The vpc ID '${id}' does not exist`)
}

/** Throws InvalidSubnetID.NotFound. */
export function findSubnet(context: Ec2Context, id: string): Subnet {
  const subnet = context.subnets.get(id)
  if (subnet !== undefined) return subnet
  throw new ApiError('InvalidSubnetID.NotFound', `The subnet ID '${id}' does not exist`)
}

export function freeAddressCount(subnet: Subnet): number {
  return 2 ** (32 - rangeOf(subnet.cidr).bits) - RESERVED_AT_START - 1 - subnet.taken.size
}

/** Names `count` free addresses, without taking them; throws when there aren't so many. */
export function freeAddresses(subnet: Subnet, count: number): readonly string[] {
  const { base, bits } = rangeOf(subnet.cidr)
  const size = 2 ** (32 - bits)
  const found: string[] = []
  for (let step = 0; step < size && found.length < count; step++) {
    const host = (subnet.nextHost + step) % size
    const address = toAddress(base + host)
    if (isUsable(host, size) && !subnet.taken.has(address)) found.push(address)
  }
  if (found.length === count) return found
  throw new ApiError(
    'InsufficientFreeAddressesInSubnet',
    `Not enough free addresses in subnet ${subnet.id} to satisfy the requested number of instances.`,
  )
}

/** Checks one address that was asked for by name; throws when it can't be had. */
export function checkAddress(subnet: Subnet, address: string): void {
  const { base, bits } = rangeOf(subnet.cidr)
  const host = toNumber(address) - base
  if (!isUsable(host, 2 ** (32 - bits))) {
    const words = `Address ${address} does not fall within the subnet's address range`
    throw new ApiError('InvalidParameterValue', words)
  }
  if (subnet.taken.has(address)) {
    throw new ApiError('InvalidIPAddress.InUse', `Address ${address} is in use.`)
  }
}

export function takeAddress(subnet: Subnet, address: string): void {
  const { base, bits } = rangeOf(subnet.cidr)
  subnet.taken.add(address)
  subnet.nextHost = (toNumber(address) - base + 1) % 2 ** (32 - bits)
}

const isUsable = (host: number, size: number): boolean =>
  host >= RESERVED_AT_START && host < size - 1

function rangeOf(cidr: string): { readonly base: number; readonly bits: number } {
  const [address = '', bits = ''] = cidr.split('/')
  return { base: toNumber(address), bits: Number(bits) }
}

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
