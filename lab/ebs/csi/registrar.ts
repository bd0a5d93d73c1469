import { join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import { log } from './rpc/log.ts'
import { poll } from './rpc/poll.ts'
import type { Protocol } from './rpc/protocol.ts'
import { UnixServer } from './rpc/server.ts'

/** The kubelet gives up on a driver that isn't there after some minutes too. */
const APPEARS = { firstMs: 50, factor: 1.5, mostMs: 1000, timeoutMs: 5 * 60_000 }
const CALL_TIMEOUT_MS = 3000

/**
 * Asks the driver behind `csiAddress` for its name, waiting until it serves.
 *
 * @throws CsiError DEADLINE_EXCEEDED after five minutes.
 */
export async function driverName(
  protocol: Protocol,
  csiAddress: string,
  signal: AbortSignal,
): Promise<string> {
  const method = protocol.identity['GetPluginInfo']
  if (method === undefined) throw new Error('csi.proto has no GetPluginInfo.')
  const client = new Client(`unix:${csiAddress}`, credentials.createInsecure())
  const ask = () =>
    new Promise<{ readonly name?: string }>((resolve, reject) => {
      client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        {},
        { deadline: Date.now() + CALL_TIMEOUT_MS },
        (error, answer) => {
          if (error !== null) reject(error)
          else resolve(answer ?? {})
        },
      )
    })
  try {
    return await poll(`Reaching the driver at ${csiAddress}`, APPEARS, signal, async () => {
      const answer = await ask().catch(() => undefined)
      return answer?.name || undefined
    })
  } finally {
    client.close()
  }
}

/**
 * Tells the kubelet of a driver, as node-driver-registrar does: a socket in the kubelet's plugin
 * folder, over which the kubelet asks for the driver's name and endpoint and says how it went.
 *
 * @param endpoint the driver's socket as the kubelet sees it
 * @param onRefused called when the kubelet refuses; the process should end, for its supervisor to
 *   start it again
 */
export async function register(
  protocol: Protocol,
  options: { readonly name: string; readonly endpoint: string; readonly directory: string },
  onRefused: (reason: string) => void,
): Promise<UnixServer> {
  const { name, endpoint, directory } = options
  return await UnixServer.listen(join(directory, `${name}-reg.sock`), [
    [
      protocol.registration,
      {
        GetInfo: async () => ({ type: 'CSIPlugin', name, endpoint, supportedVersions: ['1.0.0'] }),
        async NotifyRegistrationStatus(status: { pluginRegistered: boolean; error: string }) {
          log(
            `kubelet ${status.pluginRegistered ? 'registered' : 'refused'} ${name} ${status.error}`,
          )
          if (!status.pluginRegistered) onRefused(status.error)
          return {}
        },
      },
    ],
  ])
}
