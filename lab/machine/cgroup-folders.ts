import { readdir, readFile, rmdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What the lab asks of the host's cgroups. `cgroup` is a path from the root of the hierarchies. */
export interface CgroupHierarchy {
  readonly version: 1 | 2
  /** Makes ready what a machine's init enters by itself when it boots. */
  prepare(cgroup: string): Promise<void>
  /** Stops every process of the cgroup in its tracks. */
  freeze(cgroup: string): Promise<void>
  /** Lets them go on; ones that were killed meanwhile die without running another instruction. */
  thaw(cgroup: string): Promise<void>
  /** Ids, in this PID namespace, of all processes in the cgroup and the ones below it. */
  processesOf(cgroup: string): Promise<number[]>
  /** Removes the cgroup and all below it. One that still has processes is left. */
  remove(cgroup: string): Promise<void>
  /** Names of the topmost cgroups whose name begins with `prefix`. */
  named(prefix: string): Promise<string[]>
}

/** Ids of all processes in the folder's cgroup and the ones below it. */
export async function processesBelow(folder: string): Promise<number[]> {
  const pids: number[] = []
  for (const below of await foldersBelow(folder)) {
    const text = await readFile(join(below, 'cgroup.procs'), 'utf8').catch(() => '')
    pids.push(...text.split('\n').filter(Boolean).map(Number))
  }
  return pids.filter((pid) => pid > 0)
}

/** Removes the cgroup of a folder and those below it; what still has processes is left. */
export async function removeFolders(folder: string): Promise<void> {
  const folders = await foldersBelow(folder)
  for (const below of folders.reverse()) await rmdir(below).catch(() => undefined)
}

/** The folder and all below it, parents first. */
async function foldersBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (entries === undefined) return []
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => foldersBelow(join(folder, entry.name))),
  )
  return [folder, ...below.flat()]
}
