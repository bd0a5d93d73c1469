import { execFile } from 'node:child_process'
import { open, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A volume's disk as the lab plugs it in: a loop device over a sparse file, under a name of EC2's. */
export interface LoopVolume extends AsyncDisposable {
  readonly volumeId: string
  /** A symbolic link to the loop device. */
  readonly devicePath: string
  readonly loop: string
  grow(sizeBytes: number): Promise<void>
}

const run = async (file: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(file, args)).stdout.trim()

let count = 0

/** Makes one in `folder`; the device goes when it is disposed of and no longer mounted. */
export async function loopVolume(folder: string, sizeBytes: number): Promise<LoopVolume> {
  count += 1
  const volumeId = `vol-0${count.toString(16).padStart(16, '0')}`
  const file = join(folder, `${volumeId}.img`)
  const resize = async (bytes: number) => {
    await using handle = await open(file, 'a')
    await handle.truncate(bytes)
  }
  await resize(sizeBytes)
  const loop = await run('losetup', '--find', '--show', file)
  const devicePath = join(folder, `xvda${count}`)
  await symlink(loop, devicePath)
  return {
    volumeId,
    devicePath,
    loop,
    async grow(bytes) {
      await resize(bytes)
      await run('losetup', '--set-capacity', loop)
    },
    async [Symbol.asyncDispose]() {
      await run('losetup', '--detach', loop)
    },
  }
}
