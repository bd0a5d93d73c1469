import type { FaultContext } from '../../faults/fault.ts'
import type { Zone } from '../../model/target.ts'

/** Where a fault is tried: three zones, each with a pod of the probe set. */
export interface CrashSite {
  readonly context: FaultContext
  readonly zones: readonly [Zone, Zone, Zone]
  /** Tells that the fault is in effect: a step at which to be killed too. */
  readonly observed: () => void
}
