import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A pipe by which another process sees whether this one is still there. */
export interface Tie {
  /** What the other process reads; it sees the end when this process releases the tie or dies. */
  readonly readEnd: number
  /** Closes this process's copy of the read end, once the other process has its own. */
  handedOver(): void
  /** Lets go; idempotent. */
  release(): void
}

/**
 * Makes a tie. A child's `stdin` pipe would not do: Node closes it when the child ends, and it is
 * the child's child that is to be tied. So it is a named pipe whose name is gone at once; Node opens
 * files close-on-exec, so no other child holds its write end.
 */
export function makeTie(): Tie {
  const folder = mkdtempSync(join(tmpdir(), 'zonefall-tie-'))
  const path = join(folder, 'tie')
  try {
    execFileSync('mkfifo', ['-m', '600', path])
    // Read and write: opening for writing alone would wait for a reader.
    const writeEnd = openSync(path, constants.O_RDWR)
    const readEnd = openSync(path, constants.O_RDONLY)
    const open = new Set([readEnd, writeEnd])
    const close = (fd: number): void => {
      if (open.delete(fd)) closeSync(fd)
    }
    return {
      readEnd,
      handedOver: () => close(readEnd),
      release: () => {
        close(readEnd)
        close(writeEnd)
      },
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
