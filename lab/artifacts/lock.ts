import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

import { ArtifactError } from './artifact-error.ts'

/**
 * An exclusive lock among processes, and among callers in this process. It is a flock(2) on an
 * open file: `flock` sets it on a descriptor that this process shares and keeps, so the kernel
 * gives it back when this process dies, by whatever cause. There are no stale locks.
 * @throws ArtifactError when it is not free within `timeoutMs`.
 */
export async function lock(
  path: string,
  options: { timeoutMs: number; onWait?: () => void },
): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'a')
  try {
    if (!(await flock(file.fd, ['-n']))) {
      options.onWait?.()
      if (!(await flock(file.fd, ['-w', String(options.timeoutMs / 1000)]))) {
        throw new ArtifactError(
          `Another process has held ${path} for ${Math.round(options.timeoutMs / 1000)} s; end that build, then try again.`,
        )
      }
    }
  } catch (error) {
    await file.close()
    throw error
  }
  return { [Symbol.asyncDispose]: () => file.close() }
}

/** True if it was locked, false if it was not free. */
async function flock(descriptor: number, args: readonly string[]): Promise<boolean> {
  const child = spawn('flock', ['-x', ...args, '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  })
  await once(child, 'exit')
  const code = child.exitCode
  if (code !== 0 && code !== 1) {
    throw new ArtifactError(
      `flock ended with ${code}; install util-linux (apt-get install util-linux).`,
    )
  }
  return code === 0
}
