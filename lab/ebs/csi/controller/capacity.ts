import type { CapacityRange } from '../rpc/messages.ts'
import { CsiError, invalid } from '../rpc/status.ts'

const GIB = 2 ** 30
/** What upstream makes when nobody asks for a size. */
const DEFAULT_GIB = 100

export const bytesOf = (sizeGiB: number): number => sizeGiB * GIB

/**
 * The size in GiB for `range`: its required bytes rounded up, or the default.
 *
 * @throws CsiError OUT_OF_RANGE when that is above the limit, INVALID_ARGUMENT for negative bytes.
 */
export function sizeFor(range: CapacityRange | null): number {
  const required = range?.requiredBytes ?? 0
  const limit = range?.limitBytes ?? 0
  if (required < 0 || limit < 0) throw invalid('Capacity range must not be negative')
  const mostGiB = limit > 0 ? Math.floor(limit / GIB) : Number.POSITIVE_INFINITY
  const sizeGiB = required > 0 ? Math.ceil(required / GIB) : Math.min(DEFAULT_GIB, mostGiB)
  if (sizeGiB > mostGiB || sizeGiB < 1) {
    throw new CsiError(
      'OUT_OF_RANGE',
      `After round-up to GiB, volume size exceeds the limit specified (${limit} bytes)`,
    )
  }
  return sizeGiB
}

/** Whether a volume of `sizeGiB` is within `range`. */
export function fits(range: CapacityRange | null, sizeGiB: number): boolean {
  const bytes = bytesOf(sizeGiB)
  if (range === null) return true
  return bytes >= range.requiredBytes && (range.limitBytes === 0 || bytes <= range.limitBytes)
}
