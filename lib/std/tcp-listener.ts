import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A server that listens, and what is connected with it: both end together. */
export class TcpListener implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** @param port 0 is any that is free */
  static async open(server: Server, port = 0, host = '127.0.0.1'): Promise<TcpListener> {
    server.listen(port, host)
    await once(server, 'listening')
    return new TcpListener(server)
  }

  private constructor(server: Server) {
    // A server that listens on TCP has such an address.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    this.port = (server.address() as AddressInfo).port
    this.#server = server
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  /** How many are connected. */
  get connected(): number {
    return this.#sockets.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}
