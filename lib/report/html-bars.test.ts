import { expect, test } from 'vitest'
import { barChart } from './html-bars.ts'

const widths = (text: string): number[] =>
  [...text.matchAll(/width="(\d+)"/g)].map(([, width]) => Number(width))

test('each bar is as long as its value beside the longest, and none that is there vanishes', () => {
  const { text } = barChart({
    title: 'how <long>',
    bars: [
      { label: 'a', value: 500, text: '500 s' },
      { label: 'b', value: 0.01, text: '10 ms' },
      { label: 'c', value: 0, text: 'nothing' },
      { label: 'd', value: 1000, text: '1000 s', isReference: true },
    ],
  })
  expect(widths(text)).toEqual([500, 2, 0, 1000])
  expect(text).toContain('how &lt;long&gt;')
  expect(text.match(/class="(bar|reference)"/g)).toEqual([
    'class="bar"',
    'class="bar"',
    'class="bar"',
    'class="reference"',
  ])
})

test('with no bars, or nothing in them, it is drawn all the same', () => {
  expect(widths(barChart({ title: 'none', bars: [] }).text)).toEqual([])
  const empty = { label: 'a', value: 0, text: '0' }
  expect(widths(barChart({ title: 'zero', bars: [empty] }).text)).toEqual([0])
})
