import { ApiError, invalidCombination, invalidValue } from '../api-error.ts'
import type { VolumeShape } from './volume.ts'

interface Limits {
  readonly minGiB: number
  readonly maxGiB: number
  /** Absent: IOPS can't be asked for. */
  readonly iops?: {
    readonly min: number
    readonly max: number
    readonly maxPerGiB: number
    /** Absent: must be given. */
    readonly byDefault?: number
  }
  readonly baselineIops?: (sizeGiB: number) => number
}

/** Source: EBS user guide, "Amazon EBS volume types", as of 2026. */
const LIMITS: Readonly<Record<string, Limits>> = {
  standard: { minGiB: 1, maxGiB: 1024 },
  gp2: {
    minGiB: 1,
    maxGiB: 16_384,
    baselineIops: (sizeGiB) => Math.min(16_000, Math.max(100, 3 * sizeGiB)),
  },
  gp3: {
    minGiB: 1,
    maxGiB: 65_536,
    iops: { min: 3000, max: 80_000, maxPerGiB: 500, byDefault: 3000 },
  },
  io1: { minGiB: 4, maxGiB: 16_384, iops: { min: 100, max: 64_000, maxPerGiB: 50 } },
  io2: { minGiB: 4, maxGiB: 65_536, iops: { min: 100, max: 256_000, maxPerGiB: 1000 } },
  st1: { minGiB: 125, maxGiB: 16_384 },
  sc1: { minGiB: 125, maxGiB: 16_384 },
}

const THROUGHPUT_MIBPS = { min: 125, max: 2000, perIops: 0.25, byDefault: 125 }

export interface ShapeRequest {
  readonly sizeGiB: number
  readonly type: string
  readonly iops?: number | undefined
  readonly throughputMiBps?: number | undefined
}

/**
 * What a volume of these wishes is, with the defaults of its type. Throws what EC2 says of wishes
 * that can't be met; the EBS driver reads the limit of IOPS out of that message.
 */
export function shapeOf(request: ShapeRequest): VolumeShape {
  const { sizeGiB, type } = request
  const limits = Object.hasOwn(LIMITS, type) ? LIMITS[type] : undefined
  if (limits === undefined) {
    const message = `Unsupported volume type '${type}' for volume creation.`
    throw new ApiError('UnknownVolumeType', message)
  }
  const iops = iopsOf(request, limits)
  checkSize(request, limits)
  const throughputMiBps = throughputOf(request, iops)
  return { sizeGiB, type, iops, throughputMiBps }
}

function checkSize({ sizeGiB, type }: ShapeRequest, { minGiB, maxGiB }: Limits): void {
  if (sizeGiB < minGiB) {
    throw invalidValue(`Volume of ${sizeGiB}GiB is too small; minimum is ${minGiB}GiB.`)
  }
  if (sizeGiB > maxGiB) {
    const words = `is too large for volume type ${type}; maximum is ${maxGiB}GiB.`
    throw invalidValue(`Volume of ${sizeGiB}GiB ${words}`)
  }
}

function iopsOf(request: ShapeRequest, limits: Limits): number | undefined {
  const { iops, type, sizeGiB } = request
  const rule = limits.iops
  if (rule === undefined) {
    if (iops === undefined) return limits.baselineIops?.(sizeGiB)
    throw invalidCombination(`The parameter iops is not supported for ${type} volumes.`)
  }
  const wanted = iops ?? rule.byDefault
  if (wanted === undefined) {
    throw invalidCombination(`The parameter iops must be specified for ${type} volumes.`)
  }
  if (wanted > rule.max) {
    throw invalidValue(`Volume iops of ${wanted} is too high; maximum is ${rule.max}.`)
  }
  if (wanted < rule.min) {
    throw invalidValue(`Volume iops of ${wanted} is too low; minimum is ${rule.min}.`)
  }
  const ratio = wanted / sizeGiB
  // What every volume has anyway isn't measured against its size.
  if (ratio > rule.maxPerGiB && wanted !== rule.byDefault) {
    const words = `of ${ratio.toFixed(6)} is too high; maximum is ${rule.maxPerGiB}.`
    throw invalidValue(`Iops to volume size ratio ${words}`)
  }
  return wanted
}

function throughputOf(request: ShapeRequest, iops: number | undefined): number | undefined {
  const { type, throughputMiBps } = request
  if (type !== 'gp3') {
    if (throughputMiBps === undefined) return undefined
    throw invalidCombination('throughput can only be specified for volumeType gp3.')
  }
  const { min, max, perIops, byDefault } = THROUGHPUT_MIBPS
  const wanted = throughputMiBps ?? byDefault
  if (wanted > max) {
    throw invalidValue(`Throughput of ${wanted} is too high; maximum is ${max}.`)
  }
  if (wanted < min) {
    throw invalidValue(`Throughput of ${wanted} is too low; minimum is ${min}.`)
  }
  const ratio = wanted / (iops ?? 1)
  if (ratio > perIops) {
    throw invalidValue(
      `Throughput (MiBps) to iops ratio of ${ratio.toFixed(6)} is too high; maximum is ${perIops}.`,
    )
  }
  return wanted
}
