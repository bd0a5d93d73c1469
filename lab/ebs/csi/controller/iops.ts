import { invalid } from '../rpc/status.ts'

/** Limits of the types that take an iops setting (EBS user guide, "Provisioned IOPS"). */
const LIMITS: Readonly<Record<string, { least: number; most: number; perGiB: number }>> = {
  io1: { least: 100, most: 64_000, perGiB: 50 },
  io2: { least: 100, most: 256_000, perGiB: 1000 },
  gp3: { least: 3000, most: 80_000, perGiB: 500 },
}

/**
 * The Iops to ask for: `iops` as given, or `iopsPerGiB` times the size within the type's limits;
 * undefined when neither is set. A type without provisioned iops passes on what it was given, for
 * EC2 to refuse.
 *
 * @throws CsiError INVALID_ARGUMENT for both at once, or when a ratio gives less than the type's
 *   least and `allowIncrease` is off.
 */
export function iopsFor(wish: {
  readonly type: string
  readonly sizeGiB: number
  readonly iops: number | undefined
  readonly iopsPerGiB: number | undefined
  readonly allowIncrease: boolean
}): number | undefined {
  if (wish.iops !== undefined && wish.iopsPerGiB !== undefined) {
    throw invalid('Invalid StorageClass parameters; specify either IOPS or IOPSPerGb, not both')
  }
  if (wish.iopsPerGiB === undefined) return wish.iops
  const asked = wish.iopsPerGiB * wish.sizeGiB
  const limits = LIMITS[wish.type]
  if (limits === undefined) return asked
  if (asked < limits.least && !wish.allowIncrease) {
    throw invalid(
      `Invalid IOPS: ${asked} is too low, it must be at least ${limits.least} for ${wish.type}; ` +
        'set allowAutoIOPSPerGBIncrease to raise it',
    )
  }
  const most = Math.min(limits.most, Math.max(limits.perGiB * wish.sizeGiB, limits.least))
  return Math.min(Math.max(asked, limits.least), most)
}
