import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../std/until.ts'
import { type CgroupHierarchy, processesBelow, removeFolders } from './cgroup-folders.ts'

/** Cgroup v1, also beside v2 on a hybrid host: a machine has a cgroup in every hierarchy. */
export class SplitHierarchies implements CgroupHierarchy {
  readonly version = 1
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  /** Nothing: the machine's init makes its cgroups when it enters them. */
  async prepare(): Promise<void> {}

  async freeze(cgroup: string): Promise<void> {
    const state = join(this.#root, 'freezer', cgroup, 'freezer.state')
    await writeFile(state, 'FROZEN')
    await until(`freezing ${cgroup}`, { timeoutMs: 5_000, intervalMs: 5 }, async () =>
      (await readFile(state, 'utf8')).trim() === 'FROZEN' ? true : undefined,
    )
  }

  async thaw(cgroup: string): Promise<void> {
    await writeFile(join(this.#root, 'freezer', cgroup, 'freezer.state'), 'THAWED')
  }

  processesOf(cgroup: string): Promise<number[]> {
    return processesBelow(join(this.#root, 'freezer', cgroup))
  }

  async remove(cgroup: string): Promise<void> {
    for (const name of await this.#hierarchies()) {
      await removeFolders(join(this.#root, name, cgroup))
    }
  }

  async named(prefix: string): Promise<string[]> {
    const names = new Set<string>()
    for (const hierarchy of await this.#hierarchies()) {
      for (const name of await readdir(join(this.#root, hierarchy)).catch(() => [])) {
        if (name.startsWith(prefix)) names.add(name)
      }
    }
    return [...names]
  }

  async #hierarchies(): Promise<string[]> {
    const entries = await readdir(this.#root, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  }
}
