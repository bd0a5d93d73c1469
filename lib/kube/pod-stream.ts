import { Exec } from '@kubernetes/client-node'
import { InconclusiveError } from '../model/errors.ts'
import { within } from '../std/poll.ts'
import { type Cluster, explainApiError } from './cluster.ts'

/** The part of a WebSocket that streams to pods use; client-node's comes without types. */
export interface PodSocket {
  readonly readyState: number
  /** Bytes that were sent but have not reached the network. */
  readonly bufferedAmount: number
  send(data: Uint8Array, callback?: (error?: Error) => void): void
  close(): void
  terminate(): void
  pause(): void
  resume(): void
  on(event: 'close', listener: (code: number, reason: Uint8Array) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/**
 * Opens a multiplexed stream to a pod (exec, port forwarding) through the API server.
 *
 * @param path of the subresource with its query
 * @param onData called for every message with its channel number
 * @throws InconclusiveError when the API server refuses or can't be reached in time
 */
export async function openPodStream(
  cluster: Cluster,
  path: string,
  onData: (channel: number, data: Buffer) => void,
): Promise<PodSocket> {
  const { handler } = new Exec(cluster.kubeconfig)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const connecting = handler.connect(path, null, (channel, data) => {
    onData(channel, data)
    return true
  }) as unknown as Promise<PodSocket>
  const subject = path.split('?')[0] ?? path
  try {
    return await within({ what: `a stream to ${subject}`, budget: 'apiCall' }, () => connecting)
  } catch (error) {
    // A connection that comes after all would stay open for good.
    connecting.then(
      (late) => late.terminate(),
      () => undefined,
    )
    throw new InconclusiveError(`The stream ${subject} could not be opened.`, {
      cause: new Error(explainApiError(reasonOf(error)), { cause: error }),
      hint: 'Check that the pod runs and that the credentials may create pods/exec and pods/portforward.',
    })
  }
}

/** A WebSocket's error event wraps the error. */
function reasonOf(error: unknown): unknown {
  if (error instanceof Error) return error
  if (typeof error === 'object' && error !== null && 'message' in error) {
    return new Error(String(error.message))
  }
  return error
}
