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

/**
 * An XML document in EC2's manner: lists are `<item>` elements, times are ISO 8601 in UTC with
 * milliseconds, what is undefined is left out.
 */
export function toXml(root: string, namespace: string | undefined, body: XmlObject): string {
  const attributes = namespace === undefined ? {} : { '@xmlns': namespace }
  const document = { [root]: { ...attributes, ...members(body) } }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}`
}

function members(body: XmlObject): Record<string, unknown> {
  const kept = Object.entries(body).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, plain(value)] as const],
  )
  return Object.fromEntries(kept)
}

function plain(value: XmlValue): unknown {
  if (value instanceof Date) return value.toISOString()
  if (isList(value)) return value.length === 0 ? '' : { item: value.map(plain) }
  return typeof value === 'object' ? members(value) : String(value)
}

const isList = (value: XmlValue): value is readonly XmlValue[] => Array.isArray(value)
