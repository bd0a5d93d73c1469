import { expect, test } from 'vitest'
import { faultNumbers, numbersLine } from './fault-numbers.ts'
import { cluster, OUTAGE, STORY } from './fault-story-sample.ts'
import { numbersTables } from './html-numbers.ts'
import { toHtml } from './html.ts'
import { sampleSummary } from './sample.ts'
import { resultLines } from './terminal-lines.ts'

const operations = Array.from({ length: 100 }, (_, i) => ({
  dueMs: 90_000 + i * 1000,
  doneMs: 90_005 + i * 1000,
  outcome: i >= 20 && i < 25 ? ('fail' as const) : ('ok' as const),
}))
const hostile = { ...cluster(411, 'pod.pending', 'pod/db-0', { uid: 'new' }), text: '<b>0/3</b>' }
const numbers = faultNumbers([...OUTAGE, hostile], STORY, {
  zones: [{ zone: 'us-east-1a', operations, clockUncertaintyMs: 1 }],
})

/** The cells of each row of the page's tables, without markup. */
function rowsOf(page: string): string[] {
  const rows = [...page.matchAll(/<tr>([^]*?)<\/tr>/g)].map(([, row = '']) => row)
  return rows.map((row) =>
    row
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
}

test('a card has a row for each phase and each zone', () => {
  const page = numbersTables(numbers)?.text ?? ''
  const rows = rowsOf(page)
  expect(rows).toContain('51 s + 36 s NotReady node/ip-10-0-1-10 node.not-ready')
  expect(rows).toContain('5 min 11 s + 1.0 s replacement Pending &lt;b&gt;0/3&lt;/b&gt;')
  expect(rows.at(-1)).toBe(
    'us-east-1a 94 % 85 of 90, 5 failed failing 5.0 s longest gap: 5.0 s 5 ms before: 5 ms',
  )
  expect(rows).toHaveLength(2 + 19 + 1)
})

test('the page and the screen tell them with the scenario, and nothing of one without', () => {
  const [first, ...rest] = sampleSummary.results
  if (!first) throw new Error('the sample has no result')
  const results = [{ ...first, numbers }, ...rest]
  const page = toHtml({ ...sampleSummary, results }, [])
  const [before = '', after = ''] = page.split(rest[0]?.id ?? '')
  expect(before).toContain('What the fault did')
  expect(after).not.toContain('What the fault did')
  const [line = ''] = numbers.map(numbersLine)
  const lines = resultLines({ ...first, numbers }, { color: false, columns: undefined })
  expect(lines.slice(1)).toEqual([`    ${line}`])
  expect(resultLines(first, { color: false, columns: undefined })).toHaveLength(1)
})
