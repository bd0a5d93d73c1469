import { readFile } from 'node:fs/promises'
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { LabRefusal } from '../std/lab-error.ts'

/** Measured: a machine's kubelet has 6 and its containerd 1, the control plane 7; pods have some. */
const PER_MACHINE = 8
const BESIDE = 8

/**
 * Refuses to boot where the user's inotify instances would run out. The kernel has 128 of them per
 * user by default, and what gets none says so in its own log alone: nodes then never get Ready.
 */
export async function checkInotify(zones: number): Promise<void> {
  const limit = Number(await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8'))
  const why = whyTooFewInotify({ limit, used: countAll(), zones })
  if (why !== undefined) {
    throw new LabRefusal(why, {
      hint: `sysctl -w fs.inotify.max_user_instances=${Math.max(1024, 2 * limit)}`,
    })
  }
}

/** What to say where a lab of so many zones finds too few instances; undefined where it doesn't. */
export function whyTooFewInotify(have: {
  readonly limit: number
  readonly used: number
  readonly zones: number
}): string | undefined {
  const { limit, used, zones } = have
  const needed = BESIDE + zones * PER_MACHINE
  return limit - used >= needed
    ? undefined
    : `of the ${limit} inotify instances of this user ${Math.min(used, limit)} are in use, and a lab needs ${needed}`
}

/** How many inotify instances a process has open; 0 of one that has ended. */
export function inotifyInstancesOf(pid: number | string): number {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).filter((fd) => isInotify(`${folder}/${fd}`)).length
  } catch {
    return 0
  }
}

function countAll(): number {
  const uid = process.getuid?.()
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  let count = 0
  for (const pid of pids) if (ownerOf(pid) === uid) count += inotifyInstancesOf(pid)
  return count
}

function ownerOf(pid: string): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid
}

function isInotify(link: string): boolean {
  try {
    return /^anon_inode:\[?inotify\]?$/.test(readlinkSync(link))
  } catch {
    return false
  }
}
