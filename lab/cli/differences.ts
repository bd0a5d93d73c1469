import { type Timers, TIMERS } from '../cluster/timers.ts'

const OWN_DRIVER =
  "The EBS CSI driver is the lab's own, in TypeScript; its node side runs as a service of the machine, not as a DaemonSet."
const UPSTREAM_DRIVER =
  'The EBS CSI driver is the binary that ZONEFALL_EBS_DRIVER named; its node side runs as a service of the machine, not as a DaemonSet.'

/** Where the lab differs from EKS, one sentence each: shown in every report. */
export const DIFFERENCES: readonly string[] = [
  'Machines are sets of namespaces on one host and share its kernel, cores and page cache; a t3.medium here is not throttled by CPU credits.',
  OWN_DRIVER,
  'Images come from a registry of the lab and are baked into the machine image; what stands behind each name is in the list of images.',
  "Volumes are ext4 on loop devices: no throughput limits, and a volume's encryption is recorded but not done.",
  "The network between machines has no limits either: how long copies take is a matter of this machine's disk and processors.",
  'Pods have addresses of their own range per machine, routed by the VPC, where EKS gives them addresses of the subnet.',
  'The kubelet reports changes of its node within 1 s, not 10 s, so that volumes are mounted sooner than on EKS; leases, grace periods and evictions keep their times.',
  'There is no metadata service and no DNS resolver of the VPC; names outside the cluster do not resolve.',
  "A power cut loses what was not synced to EBS volumes; the machine's root disk and emptyDirs keep it.",
]

/** The differences of one lab, by how it was brought up. */
export function differencesOf(lab: {
  readonly timers: Timers
  readonly upstreamDriver: string | undefined
}): string[] {
  const { difference } = TIMERS[lab.timers]
  const driver = lab.upstreamDriver === undefined ? OWN_DRIVER : UPSTREAM_DRIVER
  return [
    ...DIFFERENCES.map((text) => (text === OWN_DRIVER ? driver : text)),
    ...(difference === undefined ? [] : [difference]),
  ]
}
