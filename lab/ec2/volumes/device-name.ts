import { invalidValue } from '../api-error.ts'

/** `sda1` is the root device of some images; otherwise there are no partitions (HVM instances). */
const DEVICE = /^(?:\/dev\/)?(?:sda1|sd[a-z]|xvd[a-z]|xvd[a-d][a-z])$/

/** Throws InvalidParameterValue. Source: EC2 user guide, "Device names for volumes". */
export function checkDevice(device: string): void {
  if (DEVICE.test(device)) return
  throw invalidValue(
    `Value (${device}) for parameter device is invalid. ${device} is not a valid EBS device name.`,
  )
}

/** `/dev/sdf`, `/dev/xvdf` and `xvdf` are one place on an instance. */
export function isDeviceTaken(device: string, taken: readonly string[]): boolean {
  const place = placeOf(device)
  return taken.some((other) => placeOf(other) === place)
}

const placeOf = (device: string): string =>
  device
    .replace(/^\/dev\//, '')
    .replace(/^(?:sd|xvd)/, '')
    .replace(/\d+$/, '')
