import { type Random, seededRandom } from './seeded-random.ts'

/** From and to, in milliseconds. */
export type LatencyRange = readonly [fromMs: number, toMs: number]

/**
 * How long each change stays in its intermediate state, at least: what the machines and disks
 * themselves take comes on top where it is longer. Small, but never nothing, so that every state
 * that a client of EC2 can meet is there to be met.
 */
export const DEFAULT_LATENCY_MS = {
  /** `creating` of a volume. */
  createVolume: [300, 600],
  /** `deleting` of a volume. */
  deleteVolume: [150, 400],
  attachVolume: [200, 600],
  detachVolume: [200, 600],
  /** Between two looks at a volume that is `busy`. */
  busyRetry: [150, 300],
  /** `modifying` of a volume, before the disk has its new size. */
  modifyVolume: [300, 800],
  /** `optimizing` of a volume. */
  optimizeVolume: [500, 1500],
  /** `pending` of a snapshot. */
  createSnapshot: [500, 1500],
  /** `pending` of a new instance, before its machine is powered on. */
  launchInstance: [200, 500],
  /** `pending` of a stopped instance. */
  startInstance: [200, 500],
  /** `stopping`. */
  stopInstance: [200, 500],
  /** `shutting-down`. */
  terminateInstance: [200, 500],
  /** Before packets obey a network ACL that was changed. */
  applyAcls: [200, 800],
  /** How long the status checks of a running instance say `initializing`. */
  statusChecks: [1000, 2000],
} as const satisfies Readonly<Record<string, LatencyRange>>

export type LatencyName = keyof typeof DEFAULT_LATENCY_MS
export type LatencyTable = Readonly<Record<LatencyName, LatencyRange>>

/** Draws latencies from a table, reproducibly: one stream of numbers for each name. */
export function createLatency<Name extends string>(
  seed: string,
  table: Readonly<Record<Name, LatencyRange>>,
): (name: Name) => number {
  const streams = new Map<Name, Random>()
  return (name) => {
    const stream = streams.get(name) ?? seededRandom(`${seed}/latency/${name}`)
    streams.set(name, stream)
    const [fromMs, toMs] = table[name]
    return fromMs + stream() * (toMs - fromMs)
  }
}
