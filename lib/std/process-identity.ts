import { readFileSync, readlinkSync, readdirSync } from 'node:fs'

/** A process that can't be confused with a later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks since boot, from /proc/PID/stat; empty where there is no /proc. */
  readonly startTicks: string
  readonly bootId: string
}

/** Who this process, or another, is. Undefined when there is no such process. */
export function identify(pid: number = process.pid): ProcessIdentity | undefined {
  const startTicks = statField(pid, 22)
  if (startTicks === undefined) return undefined
  return { pid, startTicks, bootId: bootId() }
}

/** Whether that very process still runs; a zombie doesn't. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid)
  return (
    now !== undefined &&
    now.startTicks === identity.startTicks &&
    now.bootId === identity.bootId &&
    !['Z', 'X'].includes(statField(identity.pid, 3) ?? 'X')
  )
}

/** The process group of this process. */
export function ownProcessGroup(): number | undefined {
  const group = Number(statField(process.pid, 5))
  return Number.isInteger(group) && group > 1 ? group : undefined
}

/** Processes of this user whose environment holds `NAME=value`; without this one. */
export function processesWithEnv(name: string, value: string): number[] {
  const wanted = `${name}=${value}`
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => {
      try {
        // A zombie has no executable: it can do no harm any more.
        readlinkSync(`/proc/${pid}/exe`)
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(wanted)
      } catch {
        return false
      }
    })
}

/** Field of /proc/PID/stat, counted from 1 as proc(5) does; only those after the name. */
function statField(pid: number, field: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything, blanks and parentheses included.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3]
  } catch {
    return undefined
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
