import type { VolumeCapability } from './messages.ts'

/** Upstream takes one writer on one node; many writers only for block devices (io2 multi-attach). */
export function isSupported(capability: VolumeCapability): boolean {
  switch (capability.accessMode?.mode ?? 'UNKNOWN') {
    case 'SINGLE_NODE_WRITER':
      return capability.accessType !== undefined
    case 'MULTI_NODE_MULTI_WRITER':
      return capability.accessType === 'block'
    default:
      return false
  }
}
