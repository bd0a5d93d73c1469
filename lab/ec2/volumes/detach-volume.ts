import { defineAction } from '../action.ts'
import { ApiError } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { findInstance } from '../instances/instance.ts'
import { flag, text } from '../wire/parameters.ts'
import { beginDetach } from './attachment-lifecycle.ts'
import { type Attachment, attachmentOf, findVolume, type Volume } from './volume.ts'
import { attachmentView } from './volume-view.ts'

/**
 * Asked again while the volume is `detaching` or `busy` it says so again: the EBS driver takes
 * IncorrectState for "it is detached".
 */
export const detachVolume = defineAction({
  name: 'DetachVolume',
  parameters: {
    VolumeId: text,
    InstanceId: text.optional(),
    Device: text.optional(),
    Force: flag.optional(),
  },
  prepare(parameters, context) {
    const volume = findVolume(context, parameters.VolumeId)
    const attachment = checkAttachment(context, volume, parameters)
    const { hypervisor } = findInstance(context, attachment.instanceId).type
    // On Nitro a detach takes the device away whether or not it is mounted.
    const force = (parameters.Force ?? false) || hypervisor === 'nitro'
    return () => {
      beginDetach(context, volume, attachment, force)
      return attachmentView(volume, attachment)
    }
  },
})

function checkAttachment(
  context: Ec2Context,
  volume: Volume,
  parameters: { readonly InstanceId?: string | undefined; readonly Device?: string | undefined },
): Attachment {
  const { InstanceId: instanceId, Device: device } = parameters
  if (instanceId !== undefined) findInstance(context, instanceId)
  const attachment = attachmentOf(volume)
  if (attachment === undefined) {
    const words = `Volume '${volume.id}' is in the '${volume.state.name}' state.`
    throw new ApiError('IncorrectState', words)
  }
  if (instanceId !== undefined && instanceId !== attachment.instanceId) {
    const words = `Volume '${volume.id}' is not attached to instance '${instanceId}'`
    throw new ApiError('InvalidAttachment.NotFound', words)
  }
  if (device !== undefined && device !== attachment.device) {
    const words = `Volume '${volume.id}' is not attached as device '${device}'`
    throw new ApiError('InvalidAttachment.NotFound', words)
  }
  if (attachment.root) {
    throw new ApiError(
      'OperationNotPermitted',
      `Unable to detach root volume '${volume.id}' from instance '${attachment.instanceId}'`,
    )
  }
  return attachment
}
