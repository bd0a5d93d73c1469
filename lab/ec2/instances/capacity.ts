import { ApiError } from '../api-error.ts'
import type { Ec2Context } from '../context.ts'
import { zonesOf } from '../network/vpc.ts'
import type { InstanceType } from './instance-types.ts'

/** Throws InsufficientInstanceCapacity when the lab was told that a zone has none left. */
export function checkCapacity(context: Ec2Context, type: InstanceType, zone: string): void {
  if (!context.zonesWithoutCapacity.has(zone)) return
  const others = zonesOf(context)
    .map(({ name }) => name)
    .filter((name) => !context.zonesWithoutCapacity.has(name))
  const choosing = others.length === 0 ? '' : ` or choosing ${others.join(', ')}`
  throw new ApiError(
    'InsufficientInstanceCapacity',
    `We currently do not have sufficient ${type.name} capacity in the Availability Zone you requested (${zone}). ` +
      'Our system will be working on provisioning additional capacity. ' +
      `You can currently get ${type.name} capacity by not specifying an Availability Zone in your request${choosing}.`,
    500,
  )
}
