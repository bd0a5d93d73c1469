import { defineAction } from '../action.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { includesAccount } from '../owners.ts'
import { pageOf, sequenceKey } from '../paging.ts'
import { filterParameters, list, pagingParameters, text } from '../wire/parameters.ts'
import { type Image, imageNotFound } from './image.ts'
import { ROOT_DEVICE } from './launch-volumes.ts'

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
    if (missing !== undefined) throw imageNotFound(missing)
    const mine = includesAccount(owners, context)
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
