import { createServer, connect, type Socket } from 'node:net'

/** A TCP proxy on 127.0.0.1 whose connections can be broken, or made to fall silent. */
export interface BreakableProxy extends AsyncDisposable {
  readonly port: number
  /** Connections that have carried data to the client and still can. */
  readonly open: number
  /** Breaks all connections, with a reset. */
  cut(): void
  /** Whether new connections are refused. */
  isClosed: boolean
  /**
   * From now on nothing passes on the connections that there are, and none is closed: what a
   * partitioned network does. New ones pass.
   */
  stall(): void
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  hasAnswered: boolean
  isStalled: boolean
}

/** Starts a proxy to a port of 127.0.0.1. */
export async function startBreakableProxy(target: number): Promise<BreakableProxy> {
  const pairs = new Set<Pair>()
  const listener = createServer((client) => {
    if (proxy.isClosed) {
      client.resetAndDestroy()
      return
    }
    const server = connect(target, '127.0.0.1')
    const pair: Pair = { client, server, hasAnswered: false, isStalled: false }
    pairs.add(pair)
    client.on('data', (data) => void (pair.isStalled || server.write(data)))
    server.on('data', (data) => {
      if (pair.isStalled) return
      pair.hasAnswered = true
      client.write(data)
    })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true)
      // A broken connection is what this is for; its other side hears of it by the close.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        pairs.delete(pair)
        if (!pair.isStalled || socket === client) other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const breakAll = (): void => {
    for (const { client, server } of pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
    pairs.clear()
  }
  const proxy: BreakableProxy = {
    port,
    get open() {
      return [...pairs].filter((pair) => pair.hasAnswered && !pair.isStalled).length
    },
    isClosed: false,
    cut: breakAll,
    stall: () => {
      for (const pair of pairs) pair.isStalled = true
    },
    [Symbol.asyncDispose]: () => {
      breakAll()
      return new Promise<void>((resolve) => listener.close(() => resolve()))
    },
  }
  return proxy
}
