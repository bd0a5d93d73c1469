import { defineAction } from '../action.ts'
import { ApiError, invalidValue } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { findInstance, type Instance } from '../instances/instance.ts'
import { integer, text } from '../wire/parameters.ts'
import { beginAttach } from './attachment-lifecycle.ts'
import { checkDevice, isDeviceTaken } from './device-name.ts'
import { attachedTo, type Attachment, findVolume, type Volume } from './volume.ts'
import { attachmentView } from './volume-view.ts'

export const attachVolume = defineAction({
  name: 'AttachVolume',
  parameters: {
    VolumeId: text,
    InstanceId: text,
    Device: text,
    EbsCardIndex: integer.optional(),
  },
  prepare(parameters, context) {
    const volume = findVolume(context, parameters.VolumeId)
    const instance = findInstance(context, parameters.InstanceId)
    if ((parameters.EbsCardIndex ?? 0) !== 0) {
      throw invalidValue(
        `Value (${parameters.EbsCardIndex}) for parameter ebsCardIndex is invalid.`,
      )
    }
    checkDevice(parameters.Device)
    checkInstance(volume, instance)
    checkVolume(volume)
    checkRoom(context, instance, parameters.Device)
    return () => {
      const attachment: Attachment = {
        instanceId: instance.id,
        device: parameters.Device,
        attachTimeMs: context.clock.now(),
        deleteOnTermination: false,
        root: false,
        state: { name: 'attaching' },
        plugged: false,
        force: false,
        hurry: undefined,
      }
      beginAttach(context, volume, attachment)
      return attachmentView(volume, attachment)
    }
  },
})

function checkInstance(volume: Volume, instance: Instance): void {
  if (volume.zone !== instance.subnet.zone.name) {
    throw new ApiError(
      'InvalidVolume.ZoneMismatch',
      `The volume '${volume.id}' is not in the same availability zone as instance '${instance.id}'`,
    )
  }
  const { name } = instance.state
  if (name !== 'running' && name !== 'stopped') {
    throw new ApiError('IncorrectState', `Instance '${instance.id}' is not 'running'.`)
  }
}

function checkVolume(volume: Volume): void {
  switch (volume.state.name) {
    case 'in-use':
      throw new ApiError('VolumeInUse', `${volume.id} is already attached to an instance`)
    case 'creating':
    case 'deleting':
    case 'error':
      throw new ApiError('IncorrectState', `${volume.id} is not 'available'.`)
    case 'available':
  }
  if (volume.modification?.state === 'modifying') {
    const words = 'when it is in modification state: MODIFYING'
    throw new ApiError('OperationNotPermitted', `Cannot attach volume ${volume.id} ${words}`)
  }
}

function checkRoom(context: Ec2Context, instance: Instance, device: string): void {
  const others = attachedTo(context, instance.id)
  if (
    isDeviceTaken(
      device,
      others.map(({ attachment }) => attachment.device),
    )
  ) {
    throw invalidValue(
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    )
  }
  if (others.length >= instance.type.maximumVolumes) {
    throw new ApiError(
      'AttachmentLimitExceeded',
      `The attachment limit of instance '${instance.id}' (${instance.type.maximumVolumes} volumes) is reached.`,
    )
  }
}
