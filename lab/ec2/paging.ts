import { createHash } from 'node:crypto'
import { ApiError, invalidCombination, invalidValue } from './api-error.ts'

export interface PageRequest {
  readonly MaxResults?: number | undefined
  readonly NextToken?: string | undefined
}

export interface PageRules {
  readonly action: string
  readonly min: number
  readonly max: number
  /** Everything else that was asked for: a token is good for the same question only. */
  readonly query: unknown
  /** Set when ids were named: EC2 refuses to page through those. */
  readonly idsParameter?: string | undefined
}

/**
 * One page of `items` in the order of their keys. The token says after which key the next page
 * begins, so that items which come or go between two pages neither repeat nor hide others.
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  request: PageRequest,
  rules: PageRules,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const { MaxResults: size } = request
  if (size !== undefined && rules.idsParameter !== undefined) {
    const names = `${rules.idsParameter} cannot be used with the parameter maxResults`
    throw invalidCombination(`The parameter ${names}`)
  }
  if (size !== undefined && size < rules.min) throw sizeError(size, 'greater than', rules.min)
  if (size !== undefined && size > rules.max) throw sizeError(size, 'less than', rules.max)

  const stamp = stampOf(rules)
  const after = request.NextToken === undefined ? '' : readToken(request.NextToken, stamp)
  const rest = items
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const page = rest.slice(0, size ?? rules.max)
  const last = page.at(-1)
  const more = rest.length > page.length && last !== undefined
  return {
    items: page.map(({ item }) => item),
    nextToken: more ? makeToken(last.key, stamp) : undefined,
  }
}

/** A key that sorts by age. */
export const sequenceKey = (item: { readonly sequence: number }): string =>
  String(item.sequence).padStart(12, '0')

const sizeError = (size: number, words: string, limit: number): ApiError =>
  invalidValue(
    `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value ${words} ${limit}.`,
  )

const stampOf = (rules: PageRules): string =>
  createHash('sha256')
    .update(JSON.stringify([rules.action, rules.query]))
    .digest('base64url')
    .slice(0, 12)

const makeToken = (key: string, stamp: string): string =>
  Buffer.from(`${stamp}${key}`).toString('base64url')

function readToken(token: string, stamp: string): string {
  const read = Buffer.from(token, 'base64url').toString()
  if (read.startsWith(stamp)) return read.slice(stamp.length)
  throw new ApiError('InvalidNextToken', `The token '${token}' is invalid`)
}
