import { mkdir, open, readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../rpc/unknown.ts'
import { command } from './command.ts'

/** A line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly mountPoint: string
  /** `major:minor` of the file system's device. */
  readonly device: string
  /** The part of the file system that is mounted; not `/` for most bind mounts. */
  readonly root: string
  readonly fsType: string
  readonly source: string
  /** Options of this mount: ro, noexec, … */
  readonly options: readonly string[]
  /** Options of the file system, whoever mounted it. */
  readonly superOptions: readonly string[]
}

/** What lies on `path`, the topmost last; several when mounts are stacked. */
export async function mountsOn(path: string): Promise<readonly Mount[]> {
  const mountPoint = await canonical(path)
  return (await allMounts()).filter((mount) => mount.mountPoint === mountPoint)
}

/** The topmost mount on `path`, or undefined when nothing is mounted exactly there. */
export async function mountOn(path: string): Promise<Mount | undefined> {
  return (await mountsOn(path)).at(-1)
}

export async function allMounts(): Promise<readonly Mount[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
}

export function parseMountInfo(text: string): readonly Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [own = '', shared = ''] = line.split(' - ')
      const [, , device = '', root = '', mountPoint = '', options = ''] = own.split(' ')
      const [fsType = '', source = '', superOptions = ''] = shared.split(' ')
      return {
        device,
        root: unescape(root),
        mountPoint: unescape(mountPoint),
        fsType,
        source: unescape(source),
        options: options.split(','),
        superOptions: superOptions.split(','),
      }
    })
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
const unescape = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  )

/** A mount point's own path can't be resolved once its file system is dead, its parent's can. */
async function canonical(path: string): Promise<string> {
  try {
    return join(await realpath(dirname(path)), basename(path))
  } catch {
    return path
  }
}

/** Bounds the mounts that may be stacked on one path: a kubelet that retries makes a few at most. */
const MOST_STACKED = 16

/**
 * Takes everything off `path`. A mount that is dead or in use by nothing but itself comes off
 * lazily, so that a leftover can't block its path for ever.
 *
 * @throws CommandError when a living mount is busy.
 */
export async function unmountAll(path: string): Promise<void> {
  for (let count = 0; count < MOST_STACKED; count++) {
    const top = await mountOn(path)
    if (top === undefined) return
    const lazy = await isDead(top.mountPoint)
    await command('umount', lazy ? ['--lazy', '--', top.mountPoint] : ['--', top.mountPoint])
  }
}

/**
 * Whether the file system answers nothing but I/O errors any more: shut down, or its device gone.
 * Its attributes and even its listing still come from memory then, so it is asked to sync a folder.
 */
export async function isDead(path: string): Promise<boolean> {
  try {
    await using handle = await open(path, 'r')
    await handle.sync()
    return false
  } catch (error) {
    return DEAD.has(codeOf(error))
  }
}

/** Makes the folder to mount on. Under a dead mount it exists, although it can't be looked at. */
export async function makeMountPoint(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o750 }).catch((error: unknown) => {
    if (!DEAD.has(codeOf(error))) throw error
  })
}

const DEAD = new Set(['EIO', 'ESTALE', 'ENOTCONN', 'ENODEV', 'ENXIO', 'EUCLEAN', 'ESHUTDOWN'])
