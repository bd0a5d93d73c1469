import { expect, test } from 'vitest'
import { dataTables } from './html-data.ts'

const shown = (data: Record<string, unknown>, isOpen = true): string =>
  (dataTables(data, isOpen)?.text ?? '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/> | </g, (tag) => tag.trim())

test('a list of like things is a table, with an empty place for what one lacks', () => {
  const text = shown({
    pods: [
      { name: 'a', zone: 'x' },
      { name: '<b>', ip: 7 },
    ],
  })
  expect(text).toContain(
    '<tr><th class="soft">name</th><th class="soft">zone</th><th class="soft">ip</th></tr>',
  )
  expect(text).toContain('<tr><td><code>a</code></td><td><code>x</code></td><td></td></tr>')
  expect(text).toContain('<td><code>&lt;b&gt;</code></td><td></td><td><code>7</code></td>')
})

test('names are listed, and what is no list is told as it is', () => {
  const text = shown({ nodes: ['a', 'b'], mixed: [1, { a: 2 }], none: [], count: 3 })
  for (const value of ['a, b', '[1,{&quot;a&quot;:2}]', '<code></code>', '<code>3</code>']) {
    expect(text).toContain(value)
  }
})

test('it is folded away unless it is wanted, has a bound, and is nothing without data', () => {
  expect(shown({ a: 1 }, false)).toMatch(/^<details><summary>What was seen<\/summary>/)
  expect(shown({ a: 1 })).not.toContain('details')
  const many = shown({ rows: Array.from({ length: 5_000 }, (_, row) => ({ row })) })
  expect(many).toContain('and 4950 more in report.json')
  expect(many.length).toBeLessThan(5_000)
  expect(dataTables(undefined, true)).toBeUndefined()
})
