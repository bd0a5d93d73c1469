import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LabRefusal } from '../std/lab-error.ts'
import { ebsDriver } from './ebs-driver.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-driver-'))
})
afterEach(() => rm(folder, { recursive: true }))

const named = (path: string) => ebsDriver({ ZONEFALL_EBS_DRIVER: path })

it('is the lab’s own unless named', async () => {
  expect(await ebsDriver({})).toBeUndefined()
  expect(await named('')).toBeUndefined()
})

it('is found behind links', async () => {
  await writeFile(join(folder, 'driver'), '', { mode: 0o755 })
  await symlink('driver', join(folder, 'link'))
  expect(await named(join(folder, 'link'))).toBe(join(folder, 'driver'))
})

it('is refused when it can’t be run', async () => {
  await writeFile(join(folder, 'driver'), '', { mode: 0o744 })
  await expect(named(join(folder, 'driver'))).rejects.toThrow(
    `ZONEFALL_EBS_DRIVER names ${folder}/driver, which not everybody may execute`,
  )
  await expect(named(folder)).rejects.toThrow(`names ${folder}, which is no file`)
  await expect(named(join(folder, 'gone'))).rejects.toThrow(LabRefusal)
})
