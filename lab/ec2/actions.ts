import type { Action } from './action.ts'
import {
  rebootInstances,
  startInstances,
  stopInstances,
  terminateInstances,
} from './instances/change-instances.ts'
import { describeImages } from './instances/describe-images.ts'
import { describeInstances, describeInstanceStatus } from './instances/describe-instances.ts'
import { describeInstanceTypes } from './instances/describe-instance-types.ts'
import { runInstances } from './instances/run-instances.ts'
import {
  createNetworkAcl,
  createNetworkAclEntry,
  deleteNetworkAcl,
  deleteNetworkAclEntry,
  replaceNetworkAclAssociation,
  replaceNetworkAclEntry,
} from './network-acls/acl-actions.ts'
import { describeNetworkAcls } from './network-acls/describe-network-acls.ts'
import { describeNetworkInterfaces } from './network-interfaces/describe-network-interfaces.ts'
import { describeSubnets, describeVpcs } from './network/describe-subnets.ts'
import { describeAvailabilityZones, describeRegions } from './network/describe-zones.ts'
import { describeSnapshots } from './snapshots/describe-snapshots.ts'
import { createSnapshot, createSnapshots } from './snapshots/create-snapshots.ts'
import { deleteSnapshot } from './snapshots/delete-snapshot.ts'
import { createTags, deleteTags, describeTags } from './tags/tag-actions.ts'
import { attachVolume } from './volumes/attach-volume.ts'
import { createVolume } from './volumes/create-volume.ts'
import { deleteVolume } from './volumes/delete-volume.ts'
import {
  describeVolumes,
  describeVolumesModifications,
  describeVolumeStatus,
} from './volumes/describe-volumes.ts'
import { detachVolume } from './volumes/detach-volume.ts'
import { modifyVolume } from './volumes/modify-volume.ts'

/** Every action that the EC2 API has. */
export const ACTIONS: readonly Action[] = [
  runInstances,
  startInstances,
  stopInstances,
  rebootInstances,
  terminateInstances,
  describeInstances,
  describeInstanceStatus,
  describeInstanceTypes,
  describeImages,
  describeAvailabilityZones,
  describeRegions,
  describeSubnets,
  describeVpcs,
  describeNetworkInterfaces,
  createNetworkAcl,
  deleteNetworkAcl,
  createNetworkAclEntry,
  replaceNetworkAclEntry,
  deleteNetworkAclEntry,
  replaceNetworkAclAssociation,
  describeNetworkAcls,
  createVolume,
  deleteVolume,
  attachVolume,
  detachVolume,
  modifyVolume,
  describeVolumes,
  describeVolumeStatus,
  describeVolumesModifications,
  createSnapshot,
  createSnapshots,
  deleteSnapshot,
  describeSnapshots,
  createTags,
  deleteTags,
  describeTags,
]
