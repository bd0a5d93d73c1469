import { access, constants, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../std/error-facts.ts'
import { LabError } from '../std/lab-error.ts'
import { until } from '../std/until.ts'
import { type CgroupHierarchy, processesBelow, removeFolders } from './cgroup-folders.ts'

/**
 * What a machine must have: runc sets limits in the first three, and the kubelet refuses a root
 * that lacks one the host has (pkg/kubelet/cm/cgroup_v2_manager_linux.go, Validate).
 */
const NEEDED = ['cpu', 'memory', 'pids', 'cpuset'] as const
const WANTED = [...NEEDED, 'io', 'hugetlb'] as const

/**
 * The leaf of a machine's cgroup that its init and services are in: a cgroup that hands
 * controllers to its children may hold no processes itself (the kernel's cgroup-v2.rst, "No
 * Internal Process Constraint"), and the pods' cgroups are its other children.
 */
export const SYSTEM_LEAF = 'system'

/** The top of a unified hierarchy, as this mount namespace sees it. */
export interface UnifiedTop {
  /** Controllers that it could hand to its children, and those that it does. */
  readonly available: readonly string[]
  readonly enabled: readonly string[]
  /** The kernel's root, which may both hold processes and hand out controllers. */
  readonly isKernelRoot: boolean
  readonly hasProcesses: boolean
  readonly isWritable: boolean
}

/** Controllers that the top must still be told to hand to its children. */
export function controllersToEnable(top: Pick<UnifiedTop, 'available' | 'enabled'>): string[] {
  return WANTED.filter((name) => top.available.includes(name) && !top.enabled.includes(name))
}

/** Why no machine can live below this top, and what to do about it; undefined when one can. */
export function whyUnusable(top: UnifiedTop): { message: string; hint: string } | undefined {
  const missing = NEEDED.filter((name) => !top.available.includes(name))
  if (missing.length > 0) {
    return {
      message: `cgroup v2 is here without ${missing.join(', ')}`,
      hint: 'Boot without `cgroup_disable=` and `cgroup_no_v1=`; in a container, run it with --cgroupns=host.',
    }
  }
  if (!top.isWritable) {
    return {
      message: '/sys/fs/cgroup is mounted read-only',
      hint: 'In a container, run it with --privileged --cgroupns=host.',
    }
  }
  if (!top.isKernelRoot && top.hasProcesses && controllersToEnable(top).length > 0) {
    return {
      message:
        'the cgroup of this container holds processes, so it can have no cgroups for machines',
      hint: 'Run the container with --privileged --cgroupns=host.',
    }
  }
  return undefined
}

/** Cgroup v2 alone: a machine has one cgroup, which holds no processes but in its children. */
export class UnifiedHierarchy implements CgroupHierarchy {
  readonly version = 2
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  /** What the top looks like now. */
  async top(): Promise<UnifiedTop> {
    const words = async (file: string) =>
      (await readFile(join(this.#root, file), 'utf8')).split(/\s+/).filter(Boolean)
    const [available, enabled, processes, isKernelRoot, isWritable] = await Promise.all([
      words('cgroup.controllers'),
      words('cgroup.subtree_control'),
      words('cgroup.procs'),
      isThere(join(this.#root, 'cgroup.type'), constants.F_OK).then((has) => !has),
      isThere(join(this.#root, 'cgroup.subtree_control'), constants.W_OK),
    ])
    return { available, enabled, isKernelRoot, isWritable, hasProcesses: processes.length > 0 }
  }

  /**
   * Has the top hand out its controllers and makes the cgroup and its leaf. The cgroup itself must
   * hand out nothing yet: its namespace is made of where the machine's init is for a moment. What
   * was enabled at the top stays so, for another lab may count on it.
   *
   * @throws LabError when the top doesn't hand out a controller that a machine can't be without.
   */
  async prepare(cgroup: string): Promise<void> {
    await this.remove(cgroup)
    for (const name of controllersToEnable(await this.top())) {
      await writeFile(join(this.#root, 'cgroup.subtree_control'), `+${name}`).catch(
        (error: unknown) => {
          if (!NEEDED.some((needed) => needed === name)) return
          throw new LabError(
            `the cgroup controller ${name} can't be enabled below ${this.#root}: ${messageOf(error)}`,
            { cause: error },
          )
        },
      )
    }
    await mkdir(join(this.#root, cgroup, SYSTEM_LEAF), { recursive: true })
  }

  async freeze(cgroup: string): Promise<void> {
    await writeFile(join(this.#root, cgroup, 'cgroup.freeze'), '1')
    await until(`freezing ${cgroup}`, { timeoutMs: 5_000, intervalMs: 5 }, async () =>
      (await this.#events(cgroup)).includes('frozen 1') ? true : undefined,
    )
  }

  async thaw(cgroup: string): Promise<void> {
    await writeFile(join(this.#root, cgroup, 'cgroup.freeze'), '0')
  }

  processesOf(cgroup: string): Promise<number[]> {
    return processesBelow(join(this.#root, cgroup))
  }

  async remove(cgroup: string): Promise<void> {
    await removeFolders(join(this.#root, cgroup))
  }

  async named(prefix: string): Promise<string[]> {
    const names = await readdir(this.#root, { withFileTypes: true })
    return names
      .filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix))
      .map(({ name }) => name)
  }

  /** Lines like `populated 0` and `frozen 1`. */
  async #events(cgroup: string): Promise<string[]> {
    return (await readFile(join(this.#root, cgroup, 'cgroup.events'), 'utf8')).split('\n')
  }
}

async function isThere(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  )
}
