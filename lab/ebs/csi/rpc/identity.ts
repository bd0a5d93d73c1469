import type { Handlers } from './server.ts'

export const DRIVER_NAME = 'ebs.csi.aws.com'
/** The upstream release whose behaviour this driver follows. */
const DRIVER_VERSION = 'v1.64.0-zonefall'

/** The CSI Identity service. `ready` says whether calls can be served; Probe tells it on. */
export function identityHandlers(ready: () => boolean): Handlers {
  return {
    GetPluginInfo: async () => ({ name: DRIVER_NAME, vendorVersion: DRIVER_VERSION }),
    GetPluginCapabilities: async () => ({
      capabilities: [
        { service: { type: 'CONTROLLER_SERVICE' } },
        { service: { type: 'VOLUME_ACCESSIBILITY_CONSTRAINTS' } },
        { volumeExpansion: { type: 'ONLINE' } },
      ],
    }),
    Probe: async () => ({ ready: { value: ready() } }),
  }
}
