import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cgroupsNamed, removeCgroup } from '../machine/cgroups.ts'
import type { LabPaths } from '../std/paths.ts'
import { until } from '../std/until.ts'
import { type DaemonRecord, daemonRecord } from './config.ts'
import { recordPath, startTimeOf } from './launch.ts'

/** The record of a lab's daemon, when that very process is alive. */
export async function liveDaemon(paths: LabPaths): Promise<DaemonRecord | undefined> {
  const text = await readFile(recordPath(paths), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const record = daemonRecord.parse(JSON.parse(text))
  const isAlive = record.startTime !== '' && (await startTimeOf(record.pid)) === record.startTime
  return isAlive ? record : undefined
}

/**
 * Kills a lab's daemon if it lives, and removes what the kernel doesn't take away by itself when
 * it dies: cgroups and files. Logs stay for whoever wants to know what happened.
 */
export async function removeLab(paths: LabPaths): Promise<{ wasUp: boolean }> {
  const daemon = await liveDaemon(paths)
  if (daemon !== undefined) {
    process.kill(daemon.pid, 'SIGKILL')
    await until('the end of the lab', { timeoutMs: 15_000 }, async () =>
      (await liveDaemon(paths)) === undefined ? true : undefined,
    )
  }
  for (const cgroup of await cgroupsNamed(paths.cgroupPrefix)) {
    await until(`the end of ${cgroup}`, { timeoutMs: 15_000 }, async () => {
      await removeCgroup(cgroup)
      return (await cgroupsNamed(cgroup)).length === 0 ? true : undefined
    })
  }
  for (const name of await readdir(paths.root).catch(() => [])) {
    if (name === 'logs') continue
    await rm(join(paths.root, name), { recursive: true, force: true, maxRetries: 5 })
  }
  return { wasUp: daemon !== undefined }
}
