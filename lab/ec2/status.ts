import type { Ec2Context } from './context.ts'
import type { InstanceStateName } from './instances/instance.ts'
import { findAcl } from './network-acls/network-acl.ts'
import { findSubnet, zonesOf } from './network/vpc.ts'
import { attachmentOf, type VolumeStateName } from './volumes/volume.ts'

/** What there is in the account, as plain data. */
export interface Ec2Status {
  readonly zones: readonly { readonly name: string; readonly capacity: boolean }[]
  readonly subnets: readonly {
    readonly subnetId: string
    readonly zone: string
    readonly cidr: string
    readonly networkAclId: string
    readonly networkAclAssociationId: string
    /** The ACL is the VPC's own. */
    readonly defaultNetworkAcl: boolean
  }[]
  readonly instances: readonly {
    readonly instanceId: string
    readonly zone: string
    readonly type: string
    readonly state: InstanceStateName
    readonly rebooting: boolean
    readonly privateIp: string
    readonly privateDnsName: string
    readonly tags: Readonly<Record<string, string>>
  }[]
  readonly volumes: readonly {
    readonly volumeId: string
    readonly zone: string
    readonly sizeGiB: number
    readonly type: string
    readonly state: VolumeStateName
    /** An instance's root disk. */
    readonly root: boolean
    readonly attachment?: {
      readonly instanceId: string
      readonly device: string
      readonly state: string
    }
    readonly tags: Readonly<Record<string, string>>
  }[]
  readonly snapshots: readonly {
    readonly snapshotId: string
    readonly volumeId: string
    readonly sizeGiB: number
    readonly state: string
  }[]
}

export function statusOf(context: Ec2Context): Ec2Status {
  return {
    zones: zonesOf(context).map((zone) => ({
      name: zone.name,
      capacity: !context.zonesWithoutCapacity.has(zone.name),
    })),
    subnets: [...context.aclAssociations.values()].map(({ id, subnetId, aclId }) => {
      const { zone, cidr } = findSubnet(context, subnetId)
      return {
        subnetId,
        zone: zone.name,
        cidr,
        networkAclId: aclId,
        networkAclAssociationId: id,
        defaultNetworkAcl: findAcl(context, aclId).isDefault,
      }
    }),
    instances: [...context.instances.values()].map((instance) => ({
      instanceId: instance.id,
      zone: instance.subnet.zone.name,
      type: instance.type.name,
      state: instance.state.name,
      rebooting: instance.rebooting,
      privateIp: instance.privateIp,
      privateDnsName: instance.privateDnsName,
      tags: Object.fromEntries(instance.tags),
    })),
    volumes: [...context.volumes.values()].map((volume) => {
      const attachment = attachmentOf(volume)
      const { id, zone, shape, state, stored, tags } = volume
      return {
        volumeId: id,
        zone,
        sizeGiB: shape.sizeGiB,
        type: shape.type,
        state: state.name,
        root: !stored,
        ...(attachment && {
          attachment: {
            instanceId: attachment.instanceId,
            device: attachment.device,
            state: attachment.state.name,
          },
        }),
        tags: Object.fromEntries(tags),
      }
    }),
    snapshots: [...context.snapshots.values()].map(({ id, volumeId, sizeGiB, state }) => ({
      snapshotId: id,
      volumeId,
      sizeGiB,
      state: state.name,
    })),
  }
}
