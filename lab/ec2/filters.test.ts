import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileFilters } from './filters.ts'
import { pageOf } from './paging.ts'

interface Item {
  readonly name: string
  readonly tags: ReadonlyMap<string, string>
}

const item = (name: string, tags: Record<string, string> = {}): Item => ({
  name,
  tags: new Map(Object.entries(tags)),
})

const matches = (one: Item, ...filters: readonly [name: string, ...values: string[]][]) =>
  compileFilters(
    filters.map(([Name, ...Value]) => ({ Name, Value })),
    { name: ({ name }: Item) => name },
    ({ tags }) => tags,
  )(one)

describe('filters', () => {
  it.each([
    ['*', 'anything', true],
    ['us-east-1?', 'us-east-1a', true],
    ['us-east-1?', 'us-east-1', false],
    ['a*c', 'abbc', true],
    ['a*c', 'abcd', false],
    ['abc*', 'abc', true],
    ['a.c', 'abc', false],
    ['(a|b)[c]', '(a|b)[c]', true],
    ['a\\*c', 'a*c', true],
    ['a\\*c', 'abc', false],
    ['a\\\\*', 'a\\bc', true],
    ['A', 'a', false],
    ['a*', 'a\nb', true],
  ])('%s matches %s: %s', (pattern, name, expected) => {
    expect(matches(item(name), ['name', pattern])).toBe(expected)
  })

  it('take any value of one filter and all of several', () => {
    const one = item('x', { colour: 'red', size: '' })
    expect(matches(one, ['name', 'y', 'x'])).toBe(true)
    expect(matches(one, ['name', 'x'], ['tag:colour', 'blue'])).toBe(false)
    expect(matches(one, ['name', 'x'], ['tag:colour', 'r*'], ['tag-key', 'size'])).toBe(true)
    expect(matches(one, ['tag:shape', '*'])).toBe(false)
    expect(matches(one, ['tag:size', ''])).toBe(true)
  })

  it('without wildcards match the text itself and nothing else', () => {
    const plain = fc.string().filter((text) => !/[*?\\]/.test(text))
    fc.assert(
      fc.property(plain, plain, (pattern, name) => {
        expect(matches(item(name), ['name', pattern])).toBe(pattern === name)
      }),
    )
  })
})

describe('pages', () => {
  it('show each item once, in order, though others come and go between them', () => {
    const keys = fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { minLength: 1 })
    const key = (n: number) => String(n).padStart(3, '0')
    fc.assert(
      fc.property(keys, keys, fc.integer({ min: 1, max: 10 }), (stay, goes, MaxResults) => {
        const rules = { action: 'X', min: 1, max: 100, query: [] }
        const seen: number[] = []
        let token: string | undefined
        let first = true
        do {
          const there = first ? [...new Set([...stay, ...goes])] : stay
          first = false
          const page = pageOf(there, key, { MaxResults, NextToken: token }, rules)
          seen.push(...page.items)
          token = page.nextToken
        } while (token !== undefined)
        const kept = seen.filter((one) => stay.includes(one))
        expect(kept).toEqual([...stay].sort((a, b) => a - b))
        expect(new Set(seen).size).toBe(seen.length)
      }),
    )
  })
})
