import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { run } from '../std/run.ts'
import { SnapshotStore } from './snapshot-store.ts'

const MIB = 2 ** 20
const BLOCK = MIB / 2
const SIZE = 64 * MIB

async function bench() {
  const folder = await mkdtemp(join(tmpdir(), 'snapshots-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const disk = join(folder, 'disk')
  await writeFile(disk, '')
  await truncate(disk, SIZE)
  const store = new SnapshotStore(join(folder, 'store'))
  return {
    disk,
    store,
    write: async (offset: number, content: string | Buffer) => {
      await using handle = await open(disk, 'r+')
      await handle.write(Buffer.from(content), 0, undefined, offset)
    },
    take: async (id: string, parent?: string) => {
      await store.capture(disk, id)
      return store.keep(id, parent)
    },
    restored: async (id: string) => {
      const file = join(folder, `restored-${id}`)
      await writeFile(file, '')
      await truncate(file, SIZE)
      await store.restore(id, file)
      return file
    },
    usedKiB: async () => Number((await run('du', ['-sk', join(folder, 'store')])).split('\t')[0]),
  }
}

it('keeps what a disk holds, and of the next snapshot what is new', async () => {
  const { disk, store, write, take, restored, usedKiB } = await bench()
  await write(0, 'first')
  await write(20 * MIB + 3, Buffer.alloc(3 * BLOCK, 'x'))
  expect(await take('snap-1')).toEqual({ fullBytes: 5 * BLOCK, newBytes: 5 * BLOCK })
  const before = await readFile(disk)

  await write(40 * MIB, 'second')
  await write(20 * MIB + 3, Buffer.alloc(BLOCK - 3))
  expect(await take('snap-2', 'snap-1')).toEqual({ fullBytes: 5 * BLOCK, newBytes: BLOCK })
  expect(await usedKiB()).toBeLessThan((7 * BLOCK) / 1024)

  const [one, two] = [await restored('snap-1'), await restored('snap-2')]
  expect((await readFile(one)).equals(before)).toBe(true)
  expect((await readFile(two)).equals(await readFile(disk))).toBe(true)
  // The volume is as sparse as what it came from.
  expect((await stat(two)).blocks * 512).toBeLessThanOrEqual(5 * BLOCK)

  await store.remove('snap-1')
  expect((await readFile(await restored('snap-2'))).equals(await readFile(disk))).toBe(true)
  await store.remove('snap-2')
  expect(await usedKiB()).toBeLessThan(BLOCK / 1024)
})

it('keeps a disk on which there is nothing, and removes what was only captured', async () => {
  const { disk, store, take, restored, usedKiB, write } = await bench()
  expect(await take('snap-1')).toEqual({ fullBytes: 0, newBytes: 0 })
  expect((await stat(await restored('snap-1'))).size).toBe(SIZE)
  await write(0, Buffer.alloc(MIB, 'x'))
  await store.capture(disk, 'snap-2')
  await store.remove('snap-2')
  expect(await usedKiB()).toBeLessThan(BLOCK / 1024)
})
