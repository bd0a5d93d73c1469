import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PreflightError } from '../model/errors.ts'
import { isAlive, ownProcessGroup, type ProcessIdentity } from '../std/process-identity.ts'
import { HOW_TO_RUN } from './how-to-run.ts'
import { processIdentitySchema } from './records.ts'

const LOOK_EVERY_MS = 500

/**
 * Ends this process's group soon after the supervisor has gone, even by SIGKILL: nobody would
 * clean up after a scenario that goes on without it.
 *
 * @throws PreflightError outside of a run, or when the supervisor is not there to begin with.
 */
export async function dieWithSupervisor(): Promise<void> {
  const dir = process.env['ZONEFALL_RUN_DIR']
  if (dir === undefined || dir === '') throw new PreflightError(HOW_TO_RUN)
  const supervisor = await readSupervisor(dir)
  if (!isAlive(supervisor)) throw new PreflightError(HOW_TO_RUN)
  setInterval(() => {
    if (isAlive(supervisor)) return
    const group = ownProcessGroup()
    process.kill(group === undefined ? process.pid : -group, 'SIGKILL')
  }, LOOK_EVERY_MS).unref()
}

/** Not by `readRunFile`, which brings the cluster's client along: vitest's own process needs none. */
async function readSupervisor(dir: string): Promise<ProcessIdentity> {
  try {
    const { supervisor }: { supervisor?: unknown } = JSON.parse(
      await readFile(join(dir, 'run.json'), 'utf8'),
    )
    return processIdentitySchema.parse(supervisor)
  } catch (error) {
    throw new PreflightError(`${dir} is not the folder of a run: its run.json can't be read.`, {
      cause: error,
      hint: HOW_TO_RUN,
    })
  }
}
