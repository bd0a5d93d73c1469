import { ApiError } from '../ec2/api-error.ts'
import type { Activity } from './activities.ts'

/** What was asked for doesn't fit the group; wording as far as AWS's is known. */
export const refused = (message: string): ApiError => new ApiError('ValidationError', message)

/** Source: API reference, "ScalingActivityInProgress". */
export const inProgress = (activity: Activity): ApiError =>
  new ApiError(
    'ScalingActivityInProgress',
    `Scaling activity ${activity.id} is in progress and blocks this action`,
  )

/** Source: API reference, "ResourceContention", which has status 500: SDKs try again by themselves. */
export const contention = (instanceId: string): ApiError =>
  new ApiError(
    'ResourceContention',
    `You already have a pending update to an Auto Scaling resource: ${instanceId} is being attached or detached.`,
    500,
  )
