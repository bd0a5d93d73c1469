import { mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { log } from '../rpc/log.ts'
import { CsiError } from '../rpc/status.ts'
import { command } from './command.ts'
import { blockNumber, type Device } from './devices.ts'
import { isDead, makeMountPoint, mountOn, unmountAll } from './mounts.ts'

/** The options that belong to a mount rather than to its file system; only these can differ. */
const PER_MOUNT = new Set([
  'ro',
  'nosuid',
  'nodev',
  'noexec',
  'noatime',
  'nodiratime',
  'relatime',
  'strictatime',
  'nosymfollow',
])

/**
 * Binds the staged file system to a pod's folder. Nothing happens when it is there already; a
 * leftover of another or a lost device is taken off first.
 *
 * @throws CsiError FAILED_PRECONDITION when nothing is staged.
 */
export async function publishFileSystem(
  staging: string,
  target: string,
  wish: { readonly readonly: boolean; readonly options: readonly string[] },
): Promise<void> {
  const staged = await mountOn(staging)
  if (staged === undefined) {
    throw new CsiError('FAILED_PRECONDITION', `No volume is staged at ${staging}`)
  }
  await makeMountPoint(target)
  const options = new Set(wish.options.filter((option) => PER_MOUNT.has(option)))
  if (wish.readonly) options.add('ro')
  const mounted = await mountOn(target)
  if (mounted !== undefined) {
    const readonly = mounted.options.includes('ro')
    if (mounted.device === staged.device && !(await isDead(target))) {
      if (readonly === options.has('ro') || staged.options.includes('ro')) return
      throw new CsiError(
        'ALREADY_EXISTS',
        `The volume is published at ${target} with readonly=${readonly}`,
      )
    }
    log(`taking a leftover mount of ${mounted.source} (${mounted.device}) off ${target}`)
    await unmountAll(target)
  }
  await bind(staging, target, [...options])
}

/** Binds the device's node to a file, which the runtime then hands to the container. */
export async function publishBlock(
  device: Device,
  target: string,
  wish: { readonly readonly: boolean },
): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o750 })
  const mounted = await mountOn(target)
  if (mounted !== undefined) {
    if ((await blockNumber(target)) === device.number) return
    log(`taking a leftover mount of ${mounted.source} off ${target}`)
    await unmountAll(target)
  }
  await (await open(target, 'a', 0o640)).close()
  try {
    await bind(device.path, target, wish.readonly ? ['ro'] : [])
  } catch (error) {
    await rm(target, { force: true })
    throw error
  }
}

/** A bind takes its options in a second step; one that fails there must not stay half done. */
async function bind(source: string, target: string, options: readonly string[]): Promise<void> {
  await command('mount', ['--bind', '--', source, target])
  if (options.length === 0) return
  try {
    await command('mount', ['-o', ['remount', 'bind', ...options].join(','), '--', target])
  } catch (error) {
    await unmountAll(target)
    throw error
  }
}
