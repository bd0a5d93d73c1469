import { readFile, readlink, realpath, stat } from 'node:fs/promises'
import { poll } from '../rpc/poll.ts'
import { CsiError } from '../rpc/status.ts'

/** An attached volume's block device. */
export interface Device {
  /** The real path, symbolic links resolved. */
  readonly path: string
  /** `major:minor`, by which mounts are recognised whatever the device is called. */
  readonly number: string
  readonly sizeBytes: number
}

/** A device shows up a little after EC2 says `attached`; waiting here saves the kubelet a back-off. */
const APPEARS = { firstMs: 25, factor: 1.5, mostMs: 250, timeoutMs: 2000 }
const SECTOR_BYTES = 512

/**
 * The device that EC2 attached `volumeId` as.
 *
 * @throws CsiError NOT_FOUND when it doesn't appear, is no block device or has no medium, INTERNAL
 *   when it belongs to another volume.
 */
export async function findDevice(
  devicePath: string,
  volumeId: string,
  signal: AbortSignal,
): Promise<Device> {
  let reason = 'it does not exist'
  try {
    return await poll(`Finding device ${devicePath}`, APPEARS, signal, async () => {
      const found = await lookAt(devicePath, volumeId)
      if (typeof found !== 'string') return found
      reason = found
      return undefined
    })
  } catch (error) {
    if (!(error instanceof CsiError) || error.code !== 'DEADLINE_EXCEEDED') throw error
    throw new CsiError('NOT_FOUND', `Failed to find device path ${devicePath}: ${reason}`)
  }
}

/** The device, or why it can't be used yet. */
async function lookAt(devicePath: string, volumeId: string): Promise<Device | string> {
  const path = await realpath(devicePath).catch(() => undefined)
  if (path === undefined) return 'it does not exist'
  if (!/^\/dev\/[A-Za-z0-9]+$/.test(path)) {
    throw new CsiError('INTERNAL', `Refusing to use ${path}: it does not appear to be a device`)
  }
  const number = await blockNumber(path)
  if (number === undefined) return 'it is no block device'
  const sizeBytes = await sizeOf(number)
  if (sizeBytes === 0) return 'it has no medium'
  const owner = await volumeOf(number)
  if (owner !== undefined && owner !== volumeId.replaceAll('-', '')) {
    throw new CsiError(
      'INTERNAL',
      `Refusing to use ${path} because it claims to be ${owner} but should be ${volumeId}`,
    )
  }
  return { path, number, sizeBytes }
}

/** `major:minor` of a block device, or undefined for anything else. */
export async function blockNumber(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  if (found === undefined || !found.isBlockDevice()) return undefined
  return deviceNumber(found.rdev)
}

/** glibc's split of a dev_t (gnu_dev_major, gnu_dev_minor). */
export function deviceNumber(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffffffffn)
  return `${major}:${minor}`
}

/** Bytes of the device `major:minor`; 0 when nothing is in it. */
export async function sizeOf(number: string): Promise<number> {
  const sectors = await readFile(`/sys/dev/block/${number}/size`, 'utf8').catch(() => '0')
  return Number(sectors) * SECTOR_BYTES
}

/**
 * The volume that the device says it is, without the dash, or undefined when it doesn't say: a
 * Nitro device by its serial number, a loop device by the file behind it.
 */
async function volumeOf(number: string): Promise<string | undefined> {
  const folder = `/sys/dev/block/${number}`
  const texts = await Promise.all(
    ['device/serial', 'loop/backing_file'].map((name) =>
      readFile(`${folder}/${name}`, 'utf8').catch(() => ''),
    ),
  )
  return texts
    .join('\n')
    .match(/vol-?[0-9a-f]{8,17}/g)
    ?.at(-1)
    ?.replace('-', '')
}

/** The path in /dev of device `major:minor`, as the kernel names it. */
export async function kernelPath(number: string): Promise<string | undefined> {
  const link = await readlink(`/sys/dev/block/${number}`).catch(() => undefined)
  const name = link?.split('/').at(-1)
  return name === undefined ? undefined : `/dev/${name}`
}
