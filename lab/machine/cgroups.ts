import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../std/until.ts'

const ROOT = '/sys/fs/cgroup'

/** Stops every process of the cgroup in its tracks. */
export async function freeze(cgroup: string): Promise<void> {
  const state = join(ROOT, 'freezer', cgroup, 'freezer.state')
  await writeFile(state, 'FROZEN')
  await until(`freezing ${cgroup}`, { timeoutMs: 5_000, intervalMs: 5 }, async () =>
    (await readFile(state, 'utf8')).trim() === 'FROZEN' ? true : undefined,
  )
}

/** Lets them go on; ones that were killed meanwhile die without running another instruction. */
export async function thaw(cgroup: string): Promise<void> {
  await writeFile(join(ROOT, 'freezer', cgroup, 'freezer.state'), 'THAWED')
}

/** Ids, in this PID namespace, of all processes in the cgroup and the ones below it. */
export async function processesOf(cgroup: string): Promise<number[]> {
  const pids: number[] = []
  for (const folder of await foldersBelow(join(ROOT, 'freezer', cgroup))) {
    const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')
    pids.push(...text.split('\n').filter(Boolean).map(Number))
  }
  return pids.filter((pid) => pid > 0)
}

/** Removes the cgroup from every hierarchy. One that still has processes is left. */
export async function removeCgroup(cgroup: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const folders = await foldersBelow(join(ROOT, hierarchy, cgroup))
    for (const folder of folders.reverse()) await rmdir(folder).catch(() => undefined)
  }
}

/** Names of the cgroups whose name begins with `prefix`, in whatever hierarchy. */
export async function cgroupsNamed(prefix: string): Promise<string[]> {
  const names = new Set<string>()
  for (const hierarchy of await hierarchies()) {
    for (const name of await readdir(join(ROOT, hierarchy)).catch(() => [])) {
      if (name.startsWith(prefix)) names.add(name)
    }
  }
  return [...names]
}

async function hierarchies(): Promise<string[]> {
  const entries = await readdir(ROOT, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
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
