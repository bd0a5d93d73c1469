import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../std/run.ts'
import { type DeviceHost, FileBlockStore } from './block-store.ts'

const GIB = 1
/** Larger than what is written in a moment, so that a copy takes longer than a few writes. */
const BALLAST_MIB = 48

/** Two volumes, mounted here, whose file systems can be held. */
async function bench() {
  const folder = await mkdtemp(join(tmpdir(), 'block-store-'))
  const mounts = new Map<number, string>()
  const held: number[] = []
  const host: DeviceHost = {
    isOn: true,
    addDevice: async () => undefined,
    removeDevice: async () => undefined,
    shutDownFileSystems: async () => undefined,
    async freezeFileSystems(minor) {
      const path = mounts.get(minor)
      if (path === undefined) return async () => undefined
      held.push(minor)
      await run('fsfreeze', ['--freeze', path])
      return async () => void (await run('fsfreeze', ['--unfreeze', path]))
    },
  }
  const store = new FileBlockStore(folder, () => host)
  const mount = async (volumeId: string): Promise<string> => {
    const [device] = store.devicesOf(volumeId)
    const minor = device?.minor ?? -1
    const path = join(folder, `mounted-${volumeId}`)
    await mkdir(path)
    await run('mount', [`/dev/loop${minor}`, path])
    mounts.set(minor, path)
    return path
  }
  onTestFinished(async () => {
    for (const [minor, path] of mounts) {
      await run('umount', [path])
      const volumeId = path.slice(path.indexOf('mounted-') + 'mounted-'.length)
      await store.unplug(volumeId, volumeId, { force: false })
      mounts.delete(minor)
    }
    await rm(folder, { recursive: true })
  })
  return {
    store,
    held,
    /** A volume with a file system and some data, plugged in and mounted; returns where. */
    volume: async (id: string): Promise<string> => {
      await store.create(id, GIB)
      await store.plug(id, id, '/dev/sdf')
      const [device] = store.devicesOf(id)
      await run('mkfs.ext4', ['-q', `/dev/loop${device?.minor}`])
      const path = await mount(id)
      await run('dd', ['if=/dev/urandom', `of=${path}/ballast`, 'bs=1M', `count=${BALLAST_MIB}`])
      await run('sync', ['--file-system', path])
      return path
    },
    /** A volume made from a snapshot, checked and mounted; returns where. */
    restored: async (id: string, snapshotId: string): Promise<string> => {
      await store.create(id, GIB, snapshotId)
      await store.plug(id, id, '/dev/sdf')
      return mount(id)
    },
  }
}

/** Writes n to one file and then to the other, each time to the disk, until it is told to stop. */
function writeInTurn(paths: readonly [string, string], pauseMs: number) {
  const state = { last: 0, stopped: false }
  const done = (async () => {
    const files = await Promise.all(paths.map((path) => open(join(path, 'count'), 'w')))
    while (!state.stopped) {
      state.last += 1
      for (const file of files) {
        await file.write(String(state.last).padStart(10), 0)
        await file.datasync()
      }
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    for (const file of files) await file.close()
  })()
  return {
    written: () => state.last,
    stop: async () => {
      state.stopped = true
      await done
    },
  }
}

const countIn = async (path: string): Promise<number> =>
  Number(await readFile(join(path, 'count'), 'utf8'))

test.each([
  ['now and then', 1500, 0],
  ['without a pause', 0, 2],
] as const)(
  'snapshots of two volumes that are written to %s are of one instant',
  async (_how, pauseMs, holds) => {
    const { store, held, volume, restored } = await bench()
    const paths = [await volume('vol-1'), await volume('vol-2')] as const
    const writer = writeInTurn(paths, pauseMs)
    await expect.poll(() => writer.written()).toBeGreaterThan(0)
    const before = writer.written()
    await store.capture([
      { volumeId: 'vol-1', snapshotId: 'snap-1' },
      { volumeId: 'vol-2', snapshotId: 'snap-2' },
    ])
    const after = writer.written()
    await writer.stop()
    for (const snapshotId of ['snap-1', 'snap-2']) await store.keep(snapshotId, undefined)
    const [first, second] = [
      await countIn(await restored('vol-3', 'snap-1')),
      await countIn(await restored('vol-4', 'snap-2')),
    ]
    // What is on the second was on the first before; nothing that came between can be on it alone.
    expect(first - second).toBeGreaterThanOrEqual(0)
    expect(first - second).toBeLessThanOrEqual(1)
    expect(first).toBeGreaterThanOrEqual(before - 1)
    expect(first).toBeLessThanOrEqual(after)
    expect(held).toHaveLength(holds)
  },
  120_000,
)
