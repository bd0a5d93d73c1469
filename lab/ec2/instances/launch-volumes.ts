import { z } from 'zod'
import { invalidValue, missingParameter, unsupported } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { beginAttachAtLaunch } from '../volumes/attachment-lifecycle.ts'
import { checkDevice, isDeviceTaken } from '../volumes/device-name.ts'
import { newVolume, planVolume, type VolumePlan } from '../volumes/new-volume.ts'
import type { Attachment } from '../volumes/volume.ts'
import { flag, integer, list, text } from '../wire/parameters.ts'
import type { Instance } from './instance.ts'

/** The root device of Amazon Linux 2023, and what its image asks for. */
export const ROOT_DEVICE = '/dev/xvda'
const ROOT_GIB = 20

export const blockDeviceMappings = list(
  z.strictObject({
    DeviceName: text,
    Ebs: z
      .strictObject({
        VolumeSize: integer.optional(),
        VolumeType: text.optional(),
        Iops: integer.optional(),
        Throughput: integer.optional(),
        SnapshotId: text.optional(),
        Encrypted: flag.optional(),
        KmsKeyId: text.optional(),
        DeleteOnTermination: flag.optional(),
      })
      .optional(),
  }),
).default([])

export interface LaunchVolume {
  readonly device: string
  readonly root: boolean
  readonly deleteOnTermination: boolean
  readonly plan: VolumePlan
}

/** What disks an instance is launched with: the root disk and those that were asked for. */
export function planLaunchVolumes(
  context: Ec2Context,
  mappings: z.output<typeof blockDeviceMappings>,
): readonly LaunchVolume[] {
  const devices: string[] = []
  for (const { DeviceName: device } of mappings) {
    checkDevice(device)
    if (isDeviceTaken(device, devices)) {
      throw invalidValue(`Value (${device}) for parameter deviceName is given more than once.`)
    }
    devices.push(device)
  }
  const rootWishes = mappings.find(({ DeviceName: device }) => device === ROOT_DEVICE)
  if (rootWishes === undefined && isDeviceTaken(ROOT_DEVICE, devices)) {
    throw invalidValue(`The root device of the lab's images is ${ROOT_DEVICE}.`)
  }
  const data = mappings.filter((mapping) => mapping !== rootWishes)
  return [
    planOne(context, {
      DeviceName: ROOT_DEVICE,
      Ebs: { VolumeSize: ROOT_GIB, ...rootWishes?.Ebs },
    }),
    ...data.map((mapping) => planOne(context, mapping)),
  ]
}

function planOne(
  context: Ec2Context,
  { DeviceName: device, Ebs: ebs }: z.output<typeof blockDeviceMappings>[number],
): LaunchVolume {
  const root = device === ROOT_DEVICE
  if (ebs === undefined) throw missingParameter('BlockDeviceMapping.Ebs')
  if (root && ebs.SnapshotId !== undefined) {
    throw unsupported("The lab makes root disks from images, and can't from snapshots.")
  }
  const plan = planVolume(context, {
    sizeGiB: ebs.VolumeSize,
    type: ebs.VolumeType ?? (root ? 'gp3' : 'gp2'),
    iops: ebs.Iops,
    throughputMiBps: ebs.Throughput,
    snapshotId: ebs.SnapshotId,
    encrypted: ebs.Encrypted ?? false,
    kmsKeyId: ebs.KmsKeyId,
    tooSmallCode: 'InvalidBlockDeviceMapping',
    sizeParameter: 'BlockDeviceMapping.Ebs.VolumeSize',
  })
  return { device, root, plan, deleteOnTermination: ebs.DeleteOnTermination ?? root }
}

/** Makes the volumes of a new instance. The promises say whether each could be had. */
export function makeLaunchVolumes(
  context: Ec2Context,
  instance: Instance,
  volumes: readonly LaunchVolume[],
  tags: ReadonlyMap<string, string>,
): readonly Promise<boolean>[] {
  return volumes.map(({ device, root, deleteOnTermination, plan }) => {
    const attachment: Attachment = {
      instanceId: instance.id,
      device,
      attachTimeMs: context.clock.now(),
      deleteOnTermination,
      root,
      state: { name: root ? 'attached' : 'attaching' },
      plugged: false,
      force: false,
      hurry: undefined,
    }
    const state = { name: 'in-use', attachment } as const
    const volume = newVolume(context, plan, instance.subnet.zone, { state, tags, stored: !root })
    if (root) return Promise.resolve(true)
    return beginAttachAtLaunch(context, volume, attachment, plan.snapshot)
  })
}
