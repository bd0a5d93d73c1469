import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addCounts, formatCounts, readVitestCounts } from './counts.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zonefall-counts-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const count = (success: boolean, files: readonly (readonly string[])[]): unknown => {
  const path = join(dir, 'vitest.json')
  const testResults = files.map((statuses, index) => ({
    name: `file${index}`,
    status: statuses.length === 0 || statuses.includes('failed') ? 'failed' : 'passed',
    message: '',
    assertionResults: statuses.map((status, test) => ({ fullName: `t${test}`, status })),
  }))
  writeFileSync(path, JSON.stringify({ success, testResults }))
  const { skippedTests: _names, ...counts } = readVitestCounts(path)
  return counts
}

describe('readVitestCounts', () => {
  it.each([
    ['passed, skipped and todo', true, [['passed', 'skipped', 'todo']], [1, 0, 2]],
    ['a failed test', false, [['passed', 'failed'], ['passed']], [2, 1, 0]],
    ['a file that can’t be loaded', false, [['passed'], []], [1, 1, 0]],
    ['an error beside the tests', false, [['passed']], [1, 1, 0]],
  ] as const)('counts %s', (_, success, files, [passed, failed, skipped]) => {
    expect(count(success, files)).toEqual({ passed, failed, skipped })
  })

  it('takes a missing or torn file for a failure', () => {
    expect(readVitestCounts(join(dir, 'none.json'))).toMatchObject({ passed: 0, failed: 1 })
    writeFileSync(join(dir, 'torn.json'), '{"success": true, "testRes')
    expect(readVitestCounts(join(dir, 'torn.json'))).toMatchObject({ passed: 0, failed: 1 })
  })

  it('names the tests that were skipped', () => {
    count(true, [['passed', 'skipped']])
    expect(readVitestCounts(join(dir, 'vitest.json')).skippedTests).toEqual(['t1'])
  })
})

it('adds and prints counts', () => {
  const one = { passed: 1, failed: 0, skipped: 2 }
  expect(formatCounts(addCounts(one, { passed: 2, failed: 1, skipped: 0 }))).toBe(
    '3 passed, 1 failed, 2 skipped',
  )
})
