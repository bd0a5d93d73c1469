import { invalidValue } from './api-error.ts'

type Found = string | number | boolean | undefined

/** Each filter that an action knows, and what it compares for an item. */
export type FilterTable<T> = Readonly<Record<string, (item: T) => Found | readonly Found[]>>

interface FilterParameter {
  readonly Name: string
  readonly Value: readonly string[]
}

/**
 * A predicate for a request's filters: all must match, each by any of its values, in which `*`
 * and `?` are wildcards and `\` escapes. Throws InvalidParameterValue for an unknown filter.
 */
export function compileFilters<T>(
  filters: readonly FilterParameter[],
  table: FilterTable<T>,
  tagsOf?: (item: T) => ReadonlyMap<string, string>,
): (item: T) => boolean {
  const tests = filters.map(({ Name, Value }) => {
    const pick = pickFor(Name, table, tagsOf)
    const patterns = Value.map(wildcard)
    return (item: T) =>
      [pick(item)]
        .flat()
        .some((found) => found !== undefined && patterns.some((one) => one.test(String(found))))
  })
  return (item) => tests.every((test) => test(item))
}

function pickFor<T>(
  name: string,
  table: FilterTable<T>,
  tagsOf: ((item: T) => ReadonlyMap<string, string>) | undefined,
): (item: T) => Found | readonly Found[] {
  if (tagsOf !== undefined) {
    if (name === 'tag-key') return (item) => [...tagsOf(item).keys()]
    if (name.startsWith('tag:')) return (item) => tagsOf(item).get(name.slice(4))
  }
  const pick = Object.hasOwn(table, name) ? table[name] : undefined
  if (pick === undefined) throw invalidValue(`The filter '${name}' is invalid`)
  return pick
}

function wildcard(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\([*?\\])|[\\^$.*+?()[\]{}|]/g, (match, escaped?: string) => {
    if (escaped !== undefined) return `\\${escaped}`
    if (match === '*') return '.*'
    return match === '?' ? '.' : `\\${match}`
  })
  return new RegExp(`^${source}$`, 's')
}
