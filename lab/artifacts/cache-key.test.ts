import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { cacheKeys, REPOSITORY } from './cache-key.ts'
import type { Recipe } from './recipe.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-key-'))
  await mkdir(join(folder, 'src'))
  await writeFile(join(folder, 'src/a'), 'a')
})
afterEach(() => rm(folder, { recursive: true }))

function keys(parameters: unknown = {}): { own: string; dependent: string } {
  const base = { purpose: '', tools: {}, build: () => Promise.resolve() }
  const own: Recipe = {
    ...base,
    name: 'binaries',
    dependsOn: [],
    sources: [relative(REPOSITORY, join(folder, 'src'))],
    parameters,
  }
  const other: Recipe = {
    ...base,
    name: 'ami',
    dependsOn: ['binaries'],
    sources: [],
    parameters: {},
  }
  const found = cacheKeys([other, own])
  return { own: found.get('binaries')!, dependent: found.get('ami')! }
}

it('stays the same for the same sources', () => {
  expect(keys()).toEqual(keys())
})

it.each([
  ['content', () => writeFile(join(folder, 'src/a'), 'b')],
  ['a new file', () => writeFile(join(folder, 'src/b'), '')],
  ['the right to execute', () => chmod(join(folder, 'src/a'), 0o755)],
])('changes with %s, and so do those who depend on it', async (_what, change) => {
  const before = keys()
  await change()
  expect(keys().own).not.toBe(before.own)
  expect(keys().dependent).not.toBe(before.dependent)
})

it('changes with parameters', () => {
  expect(keys({ version: 2 }).own).not.toBe(keys({ version: 1 }).own)
})

it('does not change with tests', async () => {
  const before = keys()
  await writeFile(join(folder, 'src/a.test.ts'), 'x')
  await mkdir(join(folder, 'src/testing'))
  await writeFile(join(folder, 'src/testing/helper.ts'), 'x')
  expect(keys()).toEqual(before)
})
