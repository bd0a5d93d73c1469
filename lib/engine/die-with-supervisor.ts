import { PreflightError } from '../model/errors.ts'
import { isAlive, ownProcessGroup } from '../std/process-identity.ts'
import { HOW_TO_RUN } from './how-to-run.ts'
import { readRunFile } from './run.ts'

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
  const { supervisor } = await readRunFile(dir)
  if (!isAlive(supervisor)) throw new PreflightError(HOW_TO_RUN)
  setInterval(() => {
    if (isAlive(supervisor)) return
    const group = ownProcessGroup()
    process.kill(group === undefined ? process.pid : -group, 'SIGKILL')
  }, LOOK_EVERY_MS).unref()
}
