import { execFile } from 'node:child_process'
import { copyFile, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BlockStore } from '../../../ec2/backend.ts'
import { allMounts } from '../node/mounts.ts'

const GIB = 2 ** 30
const LOOP_MAJOR = '7'

const run = async (file: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(file, args)).stdout.trim()

/**
 * Volumes as sparse files in `folder` that are plugged into this very machine: a device node with
 * EC2's name appears in /dev, so the process must have a /dev of its own.
 */
export function loopBlockStore(folder: string): BlockStore {
  const plugged = new Map<string, { loop: string; device: string }>()
  const fileOf = (id: string) => join(folder, `${id}.img`)
  const resize = async (id: string, sizeGiB: number) => {
    await using handle = await open(fileOf(id), 'a')
    await handle.truncate(sizeGiB * GIB)
  }
  return {
    async create(volumeId, sizeGiB, snapshotId) {
      if (snapshotId !== undefined) await copyFile(fileOf(snapshotId), fileOf(volumeId))
      await resize(volumeId, sizeGiB)
    },
    remove: (volumeId) => rm(fileOf(volumeId), { force: true }),
    async grow(volumeId, sizeGiB) {
      await resize(volumeId, sizeGiB)
      const at = plugged.get(volumeId)
      if (at !== undefined) await run('losetup', '--set-capacity', at.loop)
    },
    async capture(disks) {
      for (const { volumeId, snapshotId } of disks) {
        await copyFile(fileOf(volumeId), fileOf(snapshotId))
      }
    },
    keep: async () => ({ fullBytes: 0, newBytes: 0 }),
    removeSnapshot: (snapshotId) => rm(fileOf(snapshotId), { force: true }),
    async plug(volumeId, _, device) {
      const loop = await run('losetup', '--find', '--show', fileOf(volumeId))
      await run('mknod', device, 'b', LOOP_MAJOR, loop.replace('/dev/loop', ''))
      plugged.set(volumeId, { loop, device })
    },
    async unplug(volumeId) {
      const at = plugged.get(volumeId)
      if (at === undefined) return 'done'
      const number = `${LOOP_MAJOR}:${at.loop.replace('/dev/loop', '')}`
      if ((await allMounts()).some(({ device }) => device === number)) return 'busy'
      await run('losetup', '--detach', at.loop)
      await rm(at.device)
      plugged.delete(volumeId)
      return 'done'
    },
  }
}
