import { createServer, type Socket } from 'node:net'
import { TcpListener } from '../std/tcp-listener.ts'
import type { Cluster } from './cluster.ts'
import { openPodStream, type PodSocket } from './pod-stream.ts'

/** Above this much unsent data the sender is held back. */
const HIGH_WATER_BYTES = 1024 * 1024

/** Channels of `v4.channel.k8s.io` for one port; each starts with the port, two bytes. */
const DATA = 0
const ERROR = 1

export interface PodPort {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

/**
 * A listener on 127.0.0.1 whose connections end at a pod's port, by way of the API server: neither
 * on EKS nor in the lab can the harness reach a pod's address. One WebSocket per connection.
 *
 * client-node's `PortForward` is not used: it never closes the local socket when the pod's side
 * ends, so that a driver waits for ever on a dead node, and it holds nobody back.
 */
export class PodPortForward implements AsyncDisposable {
  readonly target: PodPort
  /** Why the last connection ended that did not end well. */
  lastError: string | undefined
  readonly #cluster: Cluster
  readonly #listener: TcpListener

  static async open(cluster: Cluster, target: PodPort): Promise<PodPortForward> {
    const server = createServer({ pauseOnConnect: true, noDelay: true })
    const forward = new PodPortForward(cluster, target, await TcpListener.open(server))
    server.on('connection', (socket) => {
      forward.#join(socket).catch((error: unknown) => {
        forward.lastError = error instanceof Error ? error.message : String(error)
        socket.destroy()
      })
    })
    return forward
  }

  private constructor(cluster: Cluster, target: PodPort, listener: TcpListener) {
    this.#cluster = cluster
    this.target = target
    this.#listener = listener
  }

  get localPort(): number {
    return this.#listener.port
  }

  /** Ends the listener and all its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener[Symbol.asyncDispose]()
  }

  async #join(socket: Socket): Promise<void> {
    const { namespace, pod, port } = this.target
    socket.on('error', (error) => (this.lastError = error.message))
    let remote: PodSocket | undefined
    const toSkip = [2, 2]
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=${port}`
    remote = await openPodStream(this.#cluster, path, (channel, data) => {
      const skip = Math.min(toSkip[channel] ?? 0, data.length)
      toSkip[channel] = (toSkip[channel] ?? 0) - skip
      const rest = data.subarray(skip)
      if (rest.length === 0) return
      if (channel === DATA) {
        if (!socket.destroyed && !socket.write(rest)) {
          remote?.pause()
        }
      } else if (channel === ERROR) {
        this.lastError = rest.toString('utf8')
        socket.destroy()
      }
    })
    this.#pump(socket, remote)
  }

  #pump(socket: Socket, remote: PodSocket): void {
    socket.on('drain', () => remote.resume())
    socket.on('data', (chunk: Buffer) => {
      const framed = Buffer.allocUnsafe(chunk.length + 1)
      framed[0] = DATA
      chunk.copy(framed, 1)
      remote.send(framed, (error) => {
        if (error) socket.destroy()
        else if (socket.isPaused() && remote.bufferedAmount < HIGH_WATER_BYTES) socket.resume()
      })
      if (remote.bufferedAmount >= HIGH_WATER_BYTES) socket.pause()
    })
    // The protocol has no half-closed state: when one side is done, so is the other.
    socket.on('close', () => remote.terminate())
    socket.on('end', () => remote.terminate())
    remote.on('close', () => socket.end())
    remote.on('error', () => socket.destroy())
    if (remote.readyState > 1 || socket.destroyed) {
      remote.terminate()
      socket.destroy()
      return
    }
    socket.resume()
  }
}
