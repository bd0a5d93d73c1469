import { open } from 'node:fs/promises'
import { log } from '../rpc/log.ts'
import { CsiError } from '../rpc/status.ts'
import { messageOf } from '../rpc/unknown.ts'
import { command, CommandError } from './command.ts'
import type { Device } from './devices.ts'
import type { FsType } from './format-options.ts'

/** Formatting a big volume takes long; still below the kubelet's two minutes for a call. */
const FORMAT_TIMEOUT_MS = 110_000

/**
 * What is on the device: a file system's type, '' when it is blank.
 *
 * @throws CsiError INTERNAL when there is something else, which must not be formatted away.
 */
export async function formatOf(device: Device): Promise<string> {
  const args = ['-p', '-s', 'TYPE', '-s', 'PTTYPE', '-o', 'export', device.path]
  const output = await command('blkid', args).catch((error: unknown) => {
    // blkid(8): 2 is "nothing found" as well as "can't open", so the device was looked at before.
    if (error instanceof CommandError && error.exitCode === 2) return ''
    throw error
  })
  const type = output.match(/^TYPE=(.*)$/m)?.[1] ?? ''
  const table = output.match(/^PTTYPE=(.*)$/m)?.[1]
  if (type === '' && table !== undefined) {
    throw new CsiError(
      'INTERNAL',
      `${device.path} holds a partition table (${table}) and no file system: ` +
        'it is neither mounted nor formatted',
    )
  }
  return type
}

/** Makes a file system with upstream's options: no blocks reserved for root, no questions. */
export async function format(
  device: Device,
  fsType: FsType,
  extra: readonly string[],
): Promise<void> {
  const fixed = fsType === 'xfs' ? ['-f'] : ['-F', '-m0']
  await command(`mkfs.${fsType}`, [...extra, ...fixed, device.path], {
    timeoutMs: FORMAT_TIMEOUT_MS,
  })
}

/**
 * Checks and repairs before a mount, as the kubelet's mount library does: a journal is replayed.
 *
 * @throws CsiError INTERNAL when errors are left.
 */
export async function check(device: Device): Promise<void> {
  try {
    await command('fsck', ['-a', device.path], { timeoutMs: FORMAT_TIMEOUT_MS })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    // fsck(8): 1 errors corrected, 4 errors left; the rest is about running it, and mount decides.
    if (error.exitCode === 4) {
      throw new CsiError(
        'INTERNAL',
        `fsck found errors on ${device.path} that it could not correct`,
      )
    }
    log(`fsck of ${device.path}: ${error.message}`)
  }
}

/** Bytes that the file system on the device spans, from its superblock; undefined if unknown. */
export async function spanOf(device: Device): Promise<number | undefined> {
  await using handle = await open(device.path, 'r')
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2048), 0, 2048, 0)
  return bytesRead < 2048 ? undefined : spanFromSuperblock(buffer)
}

const EXT_SUPERBLOCK = 1024
const EXT_MAGIC = 0xef53
const EXT_64BIT = 0x80

/** Reads the layouts of Linux' fs/ext4/ext4.h and fs/xfs/libxfs/xfs_format.h. */
function spanFromSuperblock(start: Buffer): number | undefined {
  if (start.toString('latin1', 0, 4) === 'XFSB') {
    return start.readUInt32BE(4) * Number(start.readBigUInt64BE(8))
  }
  const ext = start.subarray(EXT_SUPERBLOCK)
  if (ext.readUInt16LE(0x38) !== EXT_MAGIC) return undefined
  const high = ext.readUInt32LE(0x60) & EXT_64BIT ? ext.readUInt32LE(0x150) : 0
  return (high * 2 ** 32 + ext.readUInt32LE(4)) * 1024 * 2 ** ext.readUInt32LE(24)
}

/**
 * Grows the mounted file system to its device's size; nothing happens when it is as big already.
 *
 * @throws CsiError FAILED_PRECONDITION when the kernel doesn't let this process grow a mounted ext4:
 *   that needs CAP_SYS_RESOURCE, which some containers lack. It grows when it is staged next.
 */
export async function growMounted(
  devicePath: string,
  mountPoint: string,
  fsType: string,
): Promise<void> {
  if (fsType === 'xfs') {
    await command('xfs_growfs', ['-d', mountPoint])
    return
  }
  try {
    await command('resize2fs', [devicePath])
  } catch (error) {
    if (!/Permission denied to resize filesystem/.test(messageOf(error))) throw error
    throw new CsiError(
      'FAILED_PRECONDITION',
      `${devicePath} can't be grown while it is mounted: restart the pod that uses it`,
      { cause: error },
    )
  }
}

/** Grows an ext3 or ext4 that isn't mounted, after the full check that resize2fs insists on. */
export async function growUnmounted(device: Device): Promise<void> {
  await command('e2fsck', ['-f', '-p', device.path], { timeoutMs: FORMAT_TIMEOUT_MS })
  await command('resize2fs', [device.path], { timeoutMs: FORMAT_TIMEOUT_MS })
}
