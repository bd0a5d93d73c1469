import { open, readFile, type FileHandle } from 'node:fs/promises'
import { constants } from 'node:fs'
import { codeOf } from '../std/error-facts.ts'
import { run } from '../std/run.ts'

/**
 * A loop device over a volume's file, held by an open descriptor. The kernel frees it by itself
 * when its last user is gone (autoclear), so a daemon that is killed leaves none behind.
 */
export class LoopDevice {
  /** `/dev/loop7` */
  readonly path: string
  /** The 7 of `/dev/loop7`, which is its minor number too. */
  readonly minor: number
  readonly #handle: FileHandle

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.minor = Number(path.slice('/dev/loop'.length))
    this.#handle = handle
  }

  static async attach(file: string): Promise<LoopDevice> {
    const path = await run('losetup', ['--find', '--show', file])
    const handle = await open(path, 'r')
    // A number may come with the read-only flag that its last user set.
    await run('blockdev', ['--setrw', path])
    // While the descriptor is open this only sets autoclear.
    await run('losetup', ['--detach', path])
    return new LoopDevice(path, handle)
  }

  /** Whether any mount namespace has it mounted, or something holds it exclusively. */
  async isBusy(): Promise<boolean> {
    try {
      const probe = await open(this.path, constants.O_RDONLY | constants.O_EXCL)
      await probe.close()
      return false
    } catch (error) {
      if (codeOf(error) === 'EBUSY') return true
      throw error
    }
  }

  /**
   * How often it was written to, and blocks of it were discarded; undefined while that goes on.
   * Source: Documentation/block/stat.rst and Documentation/ABI/stable/sysfs-block of Linux.
   */
  async writes(): Promise<number | undefined> {
    const folder = `/sys/block/loop${this.minor}`
    const [inFlight, stat] = await Promise.all([
      readFile(`${folder}/inflight`, 'utf8'),
      readFile(`${folder}/stat`, 'utf8'),
    ])
    const [, writing] = numbersOf(inFlight)
    if (writing !== 0) return undefined
    const counts = numbersOf(stat)
    return (counts[4] ?? 0) + (counts[11] ?? 0)
  }

  /** Makes the device as large as its file is now. */
  async refreshSize(): Promise<void> {
    await run('losetup', ['--set-capacity', this.path])
  }

  /** Lets go of it; the device vanishes as soon as nothing has it mounted. */
  async release(): Promise<void> {
    await this.#handle.close()
  }
}

const numbersOf = (line: string): number[] => line.trim().split(/\s+/).map(Number)
