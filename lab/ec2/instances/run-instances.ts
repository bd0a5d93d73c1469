import { z } from 'zod'
import { defineAction } from '../action.ts'
import {
  ApiError,
  invalidCombination,
  invalidValue,
  missingParameter,
  unsupported,
} from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { dnsNameOf, macOf } from '../network/address-names.ts'
import {
  checkAddress,
  findSubnet,
  freeAddresses,
  type Subnet,
  takeAddress,
} from '../network/vpc.ts'
import { tagsFor } from '../tags/tag-rules.ts'
import { integer, tagSpecifications, text } from '../wire/parameters.ts'
import { checkCapacity } from './capacity.ts'
import { imageNotFound } from './image.ts'
import type { Instance } from './instance.ts'
import { beginLaunch } from './instance-lifecycle.ts'
import { INSTANCE_TYPES, type InstanceType } from './instance-types.ts'
import { reservationView } from './instance-view.ts'
import {
  blockDeviceMappings,
  type LaunchVolume,
  makeLaunchVolumes,
  planLaunchVolumes,
} from './launch-volumes.ts'

const MAX_COUNT = 1000
const MAX_USER_DATA_BYTES = 16_384

const parameters = {
  ImageId: text,
  InstanceType: text,
  MinCount: integer,
  MaxCount: integer,
  SubnetId: text.optional(),
  Placement: z
    .strictObject({ AvailabilityZone: text.optional(), Tenancy: text.optional() })
    .optional(),
  PrivateIpAddress: z.ipv4().optional(),
  UserData: text.optional(),
  BlockDeviceMapping: blockDeviceMappings,
  InstanceInitiatedShutdownBehavior: z.enum(['stop', 'terminate']).default('stop'),
  TagSpecification: tagSpecifications,
  ClientToken: text.optional(),
}

type Parameters = z.output<z.ZodObject<typeof parameters>>

interface Plan {
  readonly type: InstanceType
  readonly imageId: string
  readonly subnet: Subnet
  readonly addresses: readonly string[]
  readonly userData: string
  readonly volumes: readonly LaunchVolume[]
  readonly tags: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export const runInstances = defineAction({
  name: 'RunInstances',
  parameters,
  prepare(parameters, context) {
    const { ClientToken: token } = parameters
    // The token counts for a zone, where one was named (EC2 guide, "Ensuring idempotency").
    const place = parameters.SubnetId ?? parameters.Placement?.AvailabilityZone ?? ''
    const request = { action: `RunInstances ${place}`, token, parameters }
    const earlier = context.idempotency.find(
      request,
      (id) => context.instances.has(id),
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    )
    if (earlier !== undefined) {
      const instances = earlier.flatMap((id) => context.instances.get(id) ?? [])
      return () => reservationView(context, instances)
    }
    const plan = planLaunch(context, parameters)
    return () => {
      const reservationId = context.newId('r')
      const instances = plan.addresses.map((address, launchIndex) =>
        newInstance(context, plan, { address, launchIndex, reservationId, parameters }),
      )
      const ids = instances.map(({ id }) => id)
      context.idempotency.remember(request, ids)
      return reservationView(context, instances)
    }
  },
})

function planLaunch(context: Ec2Context, parameters: Parameters): Plan {
  const { ImageId: imageId, InstanceType: typeName, MinCount: min, MaxCount: max } = parameters
  checkImage(context, imageId)
  const type = INSTANCE_TYPES.get(typeName)
  if (type === undefined) throw invalidValue(`Invalid value '${typeName}' for InstanceType.`)
  if (min < 1) throw invalidValue(`Value (${min}) for parameter minCount is invalid.`)
  if (max < min || max > MAX_COUNT) {
    throw invalidValue(`Value (${max}) for parameter maxCount is invalid.`)
  }
  const tags = tagsFor(parameters.TagSpecification, ['instance', 'volume', 'network-interface'])
  const volumes = planLaunchVolumes(context, parameters.BlockDeviceMapping)
  const userData = decodeUserData(parameters.UserData ?? '')
  const subnet = findPlace(context, parameters)
  checkCapacity(context, type, subnet.zone.name)
  const addresses = chooseAddresses(subnet, parameters)
  return { type, imageId, subnet, addresses, userData, volumes, tags }
}

function checkImage(context: Ec2Context, imageId: string): void {
  if (!/^ami-[0-9a-z]{1,17}$/.test(imageId)) {
    const message = `Invalid id: "${imageId}" (expecting "ami-...")`
    throw new ApiError('InvalidAMIID.Malformed', message)
  }
  if (context.images === undefined || context.images.has(imageId)) return
  throw imageNotFound(imageId)
}

function findPlace(context: Ec2Context, parameters: Parameters): Subnet {
  const { SubnetId: subnetId, Placement: placement } = parameters
  const tenancy = placement?.Tenancy ?? 'default'
  if (tenancy !== 'default') throw unsupported(`The lab has no hosts of tenancy '${tenancy}'.`)
  const zone = placement?.AvailabilityZone
  if (subnetId !== undefined) {
    const subnet = findSubnet(context, subnetId)
    if (!subnet.forInstances) throw unsupported(`The lab has no machines in subnet ${subnetId}.`)
    if (zone === undefined || zone === subnet.zone.name) return subnet
    throw invalidValue(
      `Value (${zone}) for parameter availabilityZone is invalid. Subnet '${subnetId}' is in the availability zone ${subnet.zone.name}`,
    )
  }
  // There is no default VPC in which EC2 would choose.
  if (zone === undefined) throw missingParameter('SubnetId')
  const subnet = [...context.subnets.values()].find(
    (one) => one.forInstances && one.zone.name === zone,
  )
  if (subnet !== undefined) return subnet
  throw invalidValue(`Invalid availability zone: [${zone}]`)
}

function chooseAddresses(subnet: Subnet, parameters: Parameters): readonly string[] {
  const { PrivateIpAddress: address, MinCount: min, MaxCount: max } = parameters
  if (address !== undefined) {
    if (max > 1) {
      throw invalidCombination('The parameter PrivateIpAddress is for one instance only.')
    }
    checkAddress(subnet, address)
    return [address]
  }
  try {
    return freeAddresses(subnet, max)
  } catch (error) {
    if (min === max) throw error
    return freeAddresses(subnet, min)
  }
}

function decodeUserData(encoded: string): string {
  const compact = encoded.replaceAll(/\s/g, '')
  const decoded = Buffer.from(compact, 'base64')
  const stripped = (text: string): string => text.replace(/=+$/, '')
  if (stripped(decoded.toString('base64')) !== stripped(compact)) {
    throw new ApiError('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.')
  }
  if (decoded.length > MAX_USER_DATA_BYTES) {
    throw invalidValue(`User data is limited to ${MAX_USER_DATA_BYTES} bytes`)
  }
  return decoded.toString()
}

function newInstance(
  context: Ec2Context,
  plan: Plan,
  own: {
    readonly address: string
    readonly launchIndex: number
    readonly reservationId: string
    readonly parameters: Parameters
  },
): Instance {
  const { subnet, type, imageId, userData } = plan
  takeAddress(subnet, own.address)
  const instance: Instance = {
    id: context.newId('i'),
    sequence: context.nextSequence(),
    reservationId: own.reservationId,
    launchIndex: own.launchIndex,
    type,
    imageId,
    subnet,
    privateIp: own.address,
    privateDnsName: dnsNameOf(context.region, own.address),
    macAddress: macOf(own.address),
    interfaceId: context.newId('eni'),
    interfaceAttachmentId: context.newId('eni-attach'),
    userData,
    clientToken: own.parameters.ClientToken ?? '',
    shutdownBehavior: own.parameters.InstanceInitiatedShutdownBehavior,
    tags: new Map(plan.tags.get('instance')),
    interfaceTags: new Map(plan.tags.get('network-interface')),
    firstLaunchMs: context.clock.now(),
    launchTimeMs: context.clock.now(),
    state: { name: 'pending', launch: true },
    reason: undefined,
    machine: 'absent',
    wentOff: false,
    rebooting: false,
    hurry: undefined,
    work: Promise.resolve(),
  }
  context.instances.set(instance.id, instance)
  context.changed({ kind: 'instance', id: instance.id, state: 'pending' })
  const tags = plan.tags.get('volume') ?? new Map<string, string>()
  beginLaunch(context, instance, makeLaunchVolumes(context, instance, plan.volumes, tags))
  return instance
}
