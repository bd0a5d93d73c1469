import { XMLBuilder } from 'fast-xml-parser'

export type XmlValue =
  | string
  | number
  | boolean
  | Date
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue | undefined }

export type XmlObject = { readonly [name: string]: XmlValue | undefined }

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: true,
  processEntities: true,
  suppressBooleanAttributes: false,
})

/** What a list's elements are called: `item` by EC2, `member` by the other query services. */
export type ListElement = 'item' | 'member'

/**
 * An XML document in AWS's manner: lists are `<item>` or `<member>` elements, times are ISO 8601
 * in UTC with milliseconds, what is undefined is left out.
 */
export function toXml(
  root: string,
  namespace: string | undefined,
  body: XmlObject,
  listElement: ListElement = 'item',
): string {
  const attributes = namespace === undefined ? {} : { '@xmlns': namespace }
  const document = { [root]: { ...attributes, ...members(body, listElement) } }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}`
}

function members(body: XmlObject, listElement: ListElement): Record<string, unknown> {
  const kept = Object.entries(body).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, plain(value, listElement)] as const],
  )
  return Object.fromEntries(kept)
}

function plain(value: XmlValue, listElement: ListElement): unknown {
  if (value instanceof Date) return value.toISOString()
  if (isList(value)) {
    return value.length === 0 ? '' : { [listElement]: value.map((one) => plain(one, listElement)) }
  }
  return typeof value === 'object' ? members(value, listElement) : String(value)
}

const isList = (value: XmlValue): value is readonly XmlValue[] => Array.isArray(value)
