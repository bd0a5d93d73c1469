import { defineAction } from '../action.ts'
import { ApiError } from '../api-error.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { pageOf, sequenceKey } from '../paging.ts'
import { filterParameters, list, pagingParameters, text } from '../wire/parameters.ts'
import { ROOT_DEVICE } from './launch-volumes.ts'

/** An image that instances can be launched from. */
export interface Image {
  readonly id: string
  readonly name: string
  readonly description: string
}

interface Listed extends Image {
  readonly sequence: number
}

const filters: FilterTable<Listed> = {
  'image-id': ({ id }) => id,
  name: ({ name }) => name,
  description: ({ description }) => description,
  state: () => 'available',
  architecture: () => 'x86_64',
  'root-device-name': () => ROOT_DEVICE,
}

/** Where every well-formed id is an image, none is listed. */
export const describeImages = defineAction({
  name: 'DescribeImages',
  parameters: {
    ImageId: list(text).optional(),
    Owner: list(text).optional(),
    Filter: filterParameters,
    ...pagingParameters,
  },
  prepare({ ImageId: ids, Owner: owners, Filter, ...page }, context) {
    const listed = [...(context.images?.values() ?? [])].map((image, index): Listed => {
      return { ...image, sequence: index + 1 }
    })
    const missing = ids?.find((id) => !listed.some((image) => image.id === id))
    if (missing !== undefined) {
      throw new ApiError('InvalidAMIID.NotFound', `The image id '[${missing}]' does not exist`)
    }
    const mine = owners?.some((owner) => owner === 'self' || owner === context.accountId) ?? true
    const matches = compileFilters(Filter, filters)
    const found = listed.filter((image) => mine && (ids?.includes(image.id) ?? true))
    const { items, nextToken } = pageOf(found.filter(matches), sequenceKey, page, {
      action: 'DescribeImages',
      min: 1,
      max: 1000,
      query: [ids, owners, Filter],
      idsParameter: ids && 'imagesSet',
    })
    return () => ({
      imagesSet: items.map(({ id, name, description }) => ({
        imageId: id,
        imageState: 'available',
        imageOwnerId: context.accountId,
        isPublic: false,
        architecture: 'x86_64',
        imageType: 'machine',
        name,
        description,
        rootDeviceType: 'ebs',
        rootDeviceName: ROOT_DEVICE,
        virtualizationType: 'hvm',
        hypervisor: 'xen',
      })),
      nextToken,
    })
  },
})
