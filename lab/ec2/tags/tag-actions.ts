import { z } from 'zod'
import { defineAction } from '../action.ts'
import { invalidValue, missingParameter } from '../api-error.ts'
import { compileFilters, type FilterTable } from '../filters.ts'
import { pageOf } from '../paging.ts'
import { filterParameters, list, pagingParameters, tagParameter, text } from '../wire/parameters.ts'
import { checkedTags, checkTagCount, isReserved, reservedKey } from './tag-rules.ts'
import { allTaggable, findTaggable, type Taggable } from './taggable.ts'

/** EC2 takes at most this many resources in one call. */
const MAX_RESOURCES = 1000

function checkResources(ids: readonly string[]): void {
  if (ids.length === 0) throw missingParameter('ResourceId')
  if (ids.length <= MAX_RESOURCES) return
  throw invalidValue(`At most ${MAX_RESOURCES} resources can be tagged at once.`)
}

export const createTags = defineAction({
  name: 'CreateTags',
  parameters: { ResourceId: list(text), Tag: list(tagParameter) },
  prepare({ ResourceId: ids, Tag }, context) {
    checkResources(ids)
    const tags = checkedTags(Tag)
    const resources = ids.map((id) => findTaggable(context, id))
    for (const resource of resources) {
      checkTagCount(new Set([...resource.tags.keys(), ...tags.keys()]).size)
    }
    return () => {
      for (const resource of resources) {
        for (const [key, value] of tags) resource.tags.set(key, value)
      }
      return { return: true }
    }
  },
})

/** A tag with a value goes only if it has that value; with no tags named, all go. */
export const deleteTags = defineAction({
  name: 'DeleteTags',
  parameters: {
    ResourceId: list(text),
    Tag: list(z.strictObject({ Key: text, Value: text.optional() })).optional(),
  },
  prepare({ ResourceId: ids, Tag: tags }, context) {
    checkResources(ids)
    const reserved = tags?.find(({ Key: key }) => isReserved(key))
    if (reserved !== undefined) throw reservedKey(reserved.Key)
    const resources = ids.map((id) => findTaggable(context, id))
    return () => {
      for (const resource of resources) {
        // What a service of AWS has set stays.
        const all = [...resource.tags.keys()].filter((key) => !isReserved(key))
        if (tags === undefined) for (const key of all) resource.tags.delete(key)
        for (const { Key: key, Value: value } of tags ?? []) {
          if (value === undefined || resource.tags.get(key) === value) resource.tags.delete(key)
        }
      }
      return { return: true }
    }
  },
})

interface TagEntry {
  readonly resource: Taggable
  readonly key: string
  readonly value: string
}

const filters: FilterTable<TagEntry> = {
  key: ({ key }) => key,
  value: ({ value }) => value,
  'resource-id': ({ resource }) => resource.id,
  'resource-type': ({ resource }) => resource.type,
}

export const describeTags = defineAction({
  name: 'DescribeTags',
  parameters: { Filter: filterParameters, ...pagingParameters },
  prepare({ Filter, ...page }, context) {
    const matches = compileFilters(
      Filter.filter(({ Name }) => Name !== 'tag-key'),
      filters,
      ({ key, value }) => new Map([[key, value]]),
    )
    if (Filter.some(({ Name }) => Name === 'tag-key')) {
      throw invalidValue("The filter 'tag-key' is invalid")
    }
    const entries = allTaggable(context).flatMap((resource) =>
      [...resource.tags].map(([key, value]): TagEntry => ({ resource, key, value })),
    )
    const keyOf = ({ resource, key }: TagEntry): string => `${resource.id} ${key}`
    const { items, nextToken } = pageOf(entries.filter(matches), keyOf, page, {
      action: 'DescribeTags',
      min: 5,
      max: 1000,
      query: Filter,
    })
    const tagSet = items.map(({ resource, key, value }) => ({
      resourceId: resource.id,
      resourceType: resource.type,
      key,
      value,
    }))
    return () => ({ tagSet, nextToken })
  },
})
