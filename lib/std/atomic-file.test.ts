import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeFileAtomic } from './atomic-file.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-atomic-'))
})
afterEach(() => rm(dir, { recursive: true }))

test('writes the whole content with the mode asked for, and leaves nothing beside it', async () => {
  const path = join(dir, 'run.json')
  await writeFile(path, 'old')
  await writeFileAtomic(path, 'new', { mode: 0o600 })
  expect(await readFile(path, 'utf8')).toBe('new')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(dir)).toEqual(['run.json'])
})

test('when it fails what was there stays, and nothing is left beside it', async () => {
  await writeFileAtomic(join(dir, 'kept'), 'kept')
  // A folder that is not empty can't be replaced by a file.
  await expect(writeFileAtomic(join(dir, '.'), 'x')).rejects.toThrow(
    /EBUSY|EISDIR|EINVAL|ENOTEMPTY/,
  )
  expect(await readdir(dir)).toEqual(['kept'])
})
