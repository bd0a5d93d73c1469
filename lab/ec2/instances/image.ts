import { ApiError } from '../api-error.ts'

/** An image that instances can be launched from. */
export interface Image {
  readonly id: string
  readonly name: string
  readonly description: string
}

export const imageNotFound = (id: string): ApiError =>
  new ApiError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`)
