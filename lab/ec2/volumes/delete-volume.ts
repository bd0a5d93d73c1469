import { defineAction } from '../action.ts'
import { ApiError } from '../api-error.ts'
import { text } from '../wire/parameters.ts'
import { findVolume } from './volume.ts'
import { beginDelete } from './volume-lifecycle.ts'

export const deleteVolume = defineAction({
  name: 'DeleteVolume',
  parameters: { VolumeId: text },
  prepare(parameters, context) {
    const volume = findVolume(context, parameters.VolumeId)
    const { state } = volume
    switch (state.name) {
      case 'in-use':
        throw new ApiError(
          'VolumeInUse',
          `Volume ${volume.id} is currently attached to ${state.attachment.instanceId}`,
        )
      case 'creating':
        throw new ApiError('IncorrectState', `The volume '${volume.id}' is 'creating'.`)
      case 'deleting':
        throw new ApiError('InvalidVolume.NotFound', `The volume '${volume.id}' does not exist.`)
      case 'available':
      case 'error':
    }
    return () => {
      beginDelete(context, volume)
      return { return: true }
    }
  },
})
