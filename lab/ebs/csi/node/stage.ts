import { CsiError } from '../rpc/status.ts'
import { log } from '../rpc/log.ts'
import { messageOf } from '../rpc/unknown.ts'
import { command } from './command.ts'
import type { Device } from './devices.ts'
import { check, format, formatOf, growMounted, growUnmounted, spanOf } from './file-systems.ts'
import type { FsType } from './format-options.ts'
import { isDead, makeMountPoint, mountOn, unmountAll } from './mounts.ts'

/**
 * Mounts the device at `target`, after making a file system if it is blank, checking it if it
 * isn't, and growing it if the device has grown. Nothing happens when it is mounted there already;
 * a mount of another or a lost device that was left there is taken off first.
 *
 * @throws CsiError INTERNAL when the device holds something else or doesn't mount.
 */
export async function stage(
  device: Device,
  target: string,
  wish: {
    readonly fsType: FsType
    readonly mountOptions: readonly string[]
    readonly formatArguments: readonly string[]
  },
): Promise<void> {
  await makeMountPoint(target)
  const mounted = await mountOn(target)
  if (mounted?.device === device.number && !(await isDead(target))) return
  if (mounted !== undefined) {
    log(`taking a leftover mount of ${mounted.source} (${mounted.device}) off ${target}`)
    await unmountAll(target)
  }
  const found = await formatOf(device)
  if (found === '') await format(device, wish.fsType, wish.formatArguments)
  else await check(device)
  const spanBytes = found === '' ? undefined : await spanOf(device)
  const short = spanBytes !== undefined && device.sizeBytes - spanBytes >= LEAST_GROWTH_BYTES
  if (short && found.startsWith('ext')) await growUnmounted(device)
  const options = mountOptions(wish.fsType, wish.mountOptions)
  const args = options.length === 0 ? [] : ['-o', options.join(',')]
  try {
    await command('mount', ['-t', wish.fsType, ...args, '--', device.path, target])
  } catch (error) {
    const holds = found !== '' && found !== wish.fsType ? `, it already contains ${found}` : ''
    throw new CsiError(
      'INTERNAL',
      `failed to mount the volume as "${wish.fsType}"${holds}: ${messageOf(error)}`,
      { cause: error },
    )
  }
  if (short && found === 'xfs') await growMounted(device.path, target, found)
}

/** EBS volumes grow by whole GiB; less than this is the rounding of a file system's layout. */
const LEAST_GROWTH_BYTES = 2 ** 29

/** Without repetition; xfs gets nouuid, so that a volume and its snapshot's child mount side by side. */
function mountOptions(fsType: FsType, flags: readonly string[]): readonly string[] {
  return [...new Set([...flags, ...(fsType === 'xfs' ? ['nouuid'] : [])])]
}
