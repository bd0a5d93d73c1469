import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { OciLayout, readLayers, readLayout } from './oci-layout.ts'
import type { BuildContext } from './recipe.ts'
import { runCommand } from './run-command.ts'
import { sha256 } from './seal.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-oci-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function context(name: string): Promise<BuildContext> {
  const outDir = join(folder, name, 'out')
  const scratchDir = join(folder, name, 'scratch')
  await mkdir(outDir, { recursive: true })
  await mkdir(scratchDir)
  return {
    outDir,
    scratchDir,
    input: () => '',
    step: () => {},
    run: (command, options) => runCommand(command, join(folder, 'log'), options),
  }
}

async function image(name: string, seconds: number, files: readonly string[]): Promise<string> {
  const build = await context(name)
  const content = join(build.scratchDir, 'content')
  await mkdir(join(content, 'skipped'), { recursive: true })
  await writeFile(join(content, 'skipped/file'), '')
  for (const file of files) {
    await writeFile(join(content, file), file)
    await utimes(join(content, file), seconds, seconds)
  }
  const layout = await OciLayout.create(build)
  const layer = await layout.addLayer(content, ['skipped'])
  await layout.addImage(['host/a:1', 'host/a:2'], [layer], { Entrypoint: ['/x'] }, 'a test')
  await layout.finish()
  return build.outDir
}

it('gives the same files the same digest, whatever their time and order', async () => {
  const one = await readLayout(await image('one', 1000, ['a', 'b']))
  const two = await readLayout(await image('two', 2000, ['b', 'a']))
  const three = await readLayout(await image('three', 1000, ['a', 'c']))
  expect(one.map(({ name }) => name)).toEqual(['host/a:1', 'host/a:2'])
  expect(one[0]?.manifest.digest).toBe(two[0]?.manifest.digest)
  expect(one[0]?.manifest.digest).not.toBe(three[0]?.manifest.digest)
})

it('names blobs by their digest and shares layers by hard links', async () => {
  const dir = await image('one', 1000, ['a'])
  const [first] = await readLayout(dir)
  const [layer] = await readLayers(dir, first!)
  const path = join(dir, 'blobs', layer!.digest.replace(':', '/'))
  expect(`sha256:${await sha256(path)}`).toBe(layer!.digest)
  const build = await context('two')
  const other = await OciLayout.create(build)
  await other.shareLayer(dir, layer!)
  const shared = await stat(join(build.outDir, 'blobs', layer!.digest.replace(':', '/')))
  expect(shared.ino).toBe((await stat(path)).ino)
})
