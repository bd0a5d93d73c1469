import { ApiError, invalidCombination, invalidValue } from '../api-error.ts'
import type { XmlObject } from '../wire/xml.ts'

const MAX_TAGS = 50
const MAX_KEY_LENGTH = 128
const MAX_VALUE_LENGTH = 256

interface TagParameter {
  readonly Key: string
  readonly Value: string
}

/** The `TagSpecification.N` of a request, by resource type. Throws what EC2 says of wrong ones. */
export function tagsFor(
  specifications: readonly {
    readonly ResourceType: string
    readonly Tag: readonly TagParameter[]
  }[],
  allowed: readonly string[],
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, ReadonlyMap<string, string>>()
  for (const { ResourceType: type, Tag: tags } of specifications) {
    if (!allowed.includes(type)) {
      const words = 'is not a valid taggable resource type for this operation.'
      throw invalidValue(`'${type}' ${words}`)
    }
    if (tags.length === 0) throw invalidValue('Tag specification must have at least one tag')
    if (found.has(type)) {
      throw invalidValue(`Tag specification resource type '${type}' is given more than once`)
    }
    found.set(type, checkedTags(tags))
  }
  return found
}

/** Throws InvalidParameterValue for keys and values that EC2 doesn't take. */
export function checkedTags(tags: readonly TagParameter[]): ReadonlyMap<string, string> {
  const checked = new Map<string, string>()
  for (const { Key: key, Value: value } of tags) {
    if (key === '') throw invalidValue('Tag key cannot be null or empty.')
    if (isReserved(key)) throw reservedKey(key)
    if (key.length > MAX_KEY_LENGTH) {
      throw invalidValue(`Tag key exceeds the maximum length of ${MAX_KEY_LENGTH} characters`)
    }
    if (value.length > MAX_VALUE_LENGTH) {
      throw invalidValue(`Tag value exceeds the maximum length of ${MAX_VALUE_LENGTH} characters`)
    }
    if (checked.has(key)) {
      throw invalidCombination(`Duplicate tag key '${key}' specified.`)
    }
    checked.set(key, value)
  }
  checkTagCount(checked.size)
  return checked
}

/** Set by a service of AWS, and by nobody else. */
export const isReserved = (key: string): boolean => key.startsWith('aws:')

export function reservedKey(key: string): ApiError {
  const words = "Tag keys starting with 'aws:' are reserved for internal use"
  return invalidValue(`Value ( ${key} ) for parameter key is invalid. ${words}`)
}

export function checkTagCount(count: number): void {
  if (count <= MAX_TAGS) return
  const message = 'The maximum number of Tags for a resource has been reached.'
  throw new ApiError('TagLimitExceeded', message)
}

export const tagSet = (tags: ReadonlyMap<string, string>): readonly XmlObject[] =>
  [...tags].map(([key, value]) => ({ key, value }))
