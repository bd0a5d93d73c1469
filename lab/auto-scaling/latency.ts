import type { LatencyRange } from '../ec2/latency.ts'

/**
 * How long a group takes for what it does, besides what EC2 takes. Short: EKS's groups look at
 * their instances every minute or so, and take minutes from a loss to the replacement's launch.
 */
export const DEFAULT_LATENCY_MS = {
  /** Between two looks at the instances' states and the zones' balance. */
  healthCheck: [2000, 4000],
  /** From a difference between desired and actual until something is done about it. */
  decide: [200, 500],
  /** For how long no launch is tried in a zone where one failed. */
  avoidZone: [4000, 8000],
  /** From AttachInstances or DetachInstances until the instance is in or out of the group. */
  membership: [300, 800],
} as const satisfies Readonly<Record<string, LatencyRange>>

export type LatencyName = keyof typeof DEFAULT_LATENCY_MS
export type LatencyTable = Readonly<Record<LatencyName, LatencyRange>>
