import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** `.ci/run` in a tree of its own, where `npm` is a script that says what the test wants. */
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zonefall-ci-'))
  mkdirSync(join(root, '.ci'))
  mkdirSync(join(root, 'bin'))
  copyFileSync(join(import.meta.dirname, '../../../.ci/run'), join(root, '.ci/run'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function run(test: string, check: string, install = ''): { code: number | null; lines: string[] } {
  const npm = [
    '#!/usr/bin/env bash',
    'echo "$* CI=$CI" >> calls',
    'if read -r line; then echo "there is input"; fi',
    `case "$*" in ci) ${install || ':'} ;; test) ${test} ;; "run check") ${check} ;; esac`,
  ]
  writeFileSync(join(root, 'bin/npm'), npm.join('\n'))
  chmodSync(join(root, 'bin/npm'), 0o755)
  const env = { ...process.env, PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}` }
  const { status, stdout } = spawnSync(join(root, '.ci/run'), {
    cwd: tmpdir(),
    env,
    encoding: 'utf8',
    input: 'something\n',
    timeout: 20_000,
  })
  return { code: status, lines: stdout.trimEnd().split('\n') }
}

const GREEN = 'echo "5 passed, 0 failed, 0 unknown, 1 skipped"'
const CHECKED = 'echo "40 passed, 0 failed, 2 skipped"'

describe('.ci/run', () => {
  it('calls the two commands of the README and adds up what they counted', () => {
    const { code, lines } = run(GREEN, CHECKED)
    expect(lines.at(-1)).toBe('45 passed, 0 failed, 3 skipped')
    expect(code).toBe(0)
    expect(lines).not.toContain('there is input')
    expect(readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')).toEqual(
      ['ci', 'test', 'ci', 'run check'].map((call) => `${call} CI=true`),
    )
  })

  it.each([
    [
      'a failed scenario',
      'echo "4 passed, 1 failed, 0 unknown, 0 skipped"; exit 1',
      CHECKED,
      '44 passed, 1 failed, 2 skipped',
    ],
    [
      'an unknown verdict',
      'echo "4 passed, 0 failed, 2 unknown, 0 skipped"; exit 2',
      CHECKED,
      '44 passed, 2 failed, 2 skipped',
    ],
    ['something left behind', `${GREEN}; exit 4`, CHECKED, '45 passed, 1 failed, 3 skipped'],
    ['a test run that printed nothing', 'exit 5', CHECKED, '40 passed, 1 failed, 2 skipped'],
    [
      'a red check',
      GREEN,
      'echo "39 passed, 1 failed, 2 skipped"; exit 1',
      '44 passed, 1 failed, 3 skipped',
    ],
    ['a silent success', ':', ':', '0 passed, 2 failed, 0 skipped'],
    [
      'nothing but skips',
      'echo "0 passed, 0 failed, 0 unknown, 3 skipped"',
      'echo "0 passed, 0 failed, 1 skipped"',
      '0 passed, 0 failed, 4 skipped',
    ],
  ])('goes on to the end and is red with %s', (_, test, check, last) => {
    const { code, lines } = run(test, check)
    expect(lines.at(-1)).toBe(last)
    expect(code).toBe(1)
  })

  it('is red when npm ci fails, and says its counts all the same', () => {
    const { code, lines } = run(GREEN, CHECKED, 'exit 1')
    expect(lines.at(-1)).toBe('0 passed, 2 failed, 0 skipped')
    expect(code).toBe(1)
  })

  it('counts the last line only', () => {
    const { lines } = run(
      `echo "9 passed, 9 failed, 9 unknown, 9 skipped"; ${GREEN}; echo bye`,
      CHECKED,
    )
    expect(lines.at(-1)).toBe('45 passed, 0 failed, 3 skipped')
  })
})
