import { statfsSync } from 'node:fs'
import type { CgroupHierarchy } from './cgroup-folders.ts'
import { SplitHierarchies } from './split-hierarchies.ts'
import { UnifiedHierarchy } from './unified-hierarchy.ts'

const ROOT = '/sys/fs/cgroup'
/** CGROUP2_SUPER_MAGIC of linux/magic.h: by it runc and the kubelet choose, too. */
const CGROUP2_MAGIC = 0x63677270

/** The host's cgroup v2 when that is all it has; undefined when v1 is mounted, hybrid or not. */
export const unified = isUnified() ? new UnifiedHierarchy(ROOT) : undefined

/** The host's cgroups: what is mounted at /sys/fs/cgroup decides which version is used. */
export const cgroups: CgroupHierarchy = unified ?? new SplitHierarchies(ROOT)

/** Removes the cgroup from every hierarchy. One that still has processes is left. */
export const removeCgroup = (cgroup: string): Promise<void> => cgroups.remove(cgroup)

/** Names of the cgroups whose name begins with `prefix`, in whatever hierarchy. */
export const cgroupsNamed = (prefix: string): Promise<string[]> => cgroups.named(prefix)

function isUnified(): boolean {
  try {
    return statfsSync(ROOT).type === CGROUP2_MAGIC
  } catch {
    return false // not even Linux: refused elsewhere, with a sentence
  }
}
