import type { Ec2Context } from '../context.ts'
import { tagSet } from '../tags/tag-rules.ts'
import { attachedTo } from '../volumes/volume.ts'
import type { XmlObject } from '../wire/xml.ts'
import { interfaceInInstance, interfaceOf } from '../network-interfaces/network-interface.ts'
import { type Instance, INSTANCE_STATE_CODES, type InstanceStateName } from './instance.ts'
import { ROOT_DEVICE } from './launch-volumes.ts'

export const stateView = (name: InstanceStateName): XmlObject => ({
  code: INSTANCE_STATE_CODES[name],
  name,
})

/** Instances of one reservation, as RunInstances and DescribeInstances show it. */
export function reservationView(context: Ec2Context, instances: readonly Instance[]): XmlObject {
  return {
    reservationId: instances[0]?.reservationId,
    ownerId: context.accountId,
    groupSet: [],
    instancesSet: instances.map((instance) => instanceView(context, instance)),
  }
}

function instanceView(context: Ec2Context, instance: Instance): XmlObject {
  const { type, subnet, reason } = instance
  const gone = instance.state.name === 'terminated'
  return {
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceState: stateView(instance.state.name),
    privateDnsName: gone ? '' : instance.privateDnsName,
    dnsName: '',
    reason: reason?.transition ?? '',
    amiLaunchIndex: instance.launchIndex,
    productCodes: [],
    instanceType: type.name,
    launchTime: new Date(instance.launchTimeMs),
    placement: {
      availabilityZone: subnet.zone.name,
      availabilityZoneId: subnet.zone.id,
      groupName: '',
      tenancy: 'default',
    },
    monitoring: { state: 'disabled' },
    subnetId: gone ? undefined : subnet.id,
    vpcId: gone ? undefined : context.vpc.id,
    privateIpAddress: gone ? undefined : instance.privateIp,
    sourceDestCheck: gone ? undefined : true,
    groupSet: [],
    stateReason: reason === undefined ? undefined : { code: reason.code, message: reason.message },
    architecture: 'x86_64',
    rootDeviceType: 'ebs',
    rootDeviceName: ROOT_DEVICE,
    blockDeviceMapping: attachedTo(context, instance.id).map(({ volume, attachment }) => ({
      deviceName: attachment.device,
      ebs: {
        volumeId: volume.id,
        // An instance's mapping has no `busy` (API reference, EbsInstanceBlockDevice).
        status: attachment.state.name === 'busy' ? 'detaching' : attachment.state.name,
        attachTime: new Date(attachment.attachTimeMs),
        deleteOnTermination: attachment.deleteOnTermination,
      },
    })),
    virtualizationType: 'hvm',
    clientToken: instance.clientToken,
    tagSet: tagSet(instance.tags),
    // EC2 says `xen` of Nitro too (API reference, Instance).
    hypervisor: 'xen',
    networkInterfaceSet: gone ? [] : [interfaceInInstance(context, interfaceOf(instance))],
    ebsOptimized: false,
    enaSupport: type.hypervisor === 'nitro',
    cpuOptions: { coreCount: type.vCpus / 2, threadsPerCore: 2 },
  }
}
