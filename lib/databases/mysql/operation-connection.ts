import { Resolver } from 'node:dns/promises'
import { connect as connectSocket, isIP, type Socket } from 'node:net'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { DatabaseLogin } from '../login.ts'
import { connectionLogin } from './connection-login.ts'
import { NoAnswerInTime } from './operation-outcome.ts'

/** Of one question to the name server, which is asked twice. */
const RESOLVE_TIMEOUT_MS = 1500
/** A lock that is held longer is another client's doing, or a dead one's; the server's default is 50. */
const LOCK_WAIT_SECONDS = 2

/** Where a connection leads to. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
  readonly login: DatabaseLogin
}

/**
 * One connection that one operation at a time uses. After any doubt it is thrown away, never used
 * again: what a late answer belongs to nobody could tell.
 */
export class OperationConnection {
  /** Which server it is with, by its own word. */
  readonly server: string
  readonly openedAtMs = performance.now()
  readonly #socket: Socket
  readonly #connection: Connection

  /**
   * Connects, and asks who answers.
   *
   * @param limitMs for how long it tries
   * @throws what the name server, the socket or the server said; NoAnswerInTime
   */
  static async open(address: ServerAddress, limitMs: number): Promise<OperationConnection> {
    const resolver = new Resolver({ timeout: RESOLVE_TIMEOUT_MS, tries: 2 })
    let socket: Socket | undefined
    let isLate = false
    const giveUp = (): void => {
      isLate = true
      resolver.cancel()
      socket?.destroy()
    }
    return before(limitMs, giveUp, async () => {
      const ip = await resolve(resolver, address.host)
      if (isLate) throw new NoAnswerInTime()
      const opened = connectSocket(address.port, ip)
      socket = opened
      opened.setNoDelay(true)
      try {
        const connection = await createConnection({
          ...connectionLogin(address.login),
          stream: () => opened,
        })
        // Encrypted, the socket itself doesn't hear of its end.
        for (const event of ['error', 'end']) connection.on(event, () => opened.destroy())
        await connection.query(`SET SESSION innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}`)
        const [rows] = await connection.query<RowDataPacket[]>('SELECT @@server_id AS id')
        return new OperationConnection(opened, connection, `server ${String(rows[0]?.['id'])}`)
      } catch (error) {
        opened.destroy()
        throw error
      }
    })
  }

  private constructor(socket: Socket, connection: Connection, server: string) {
    this.#socket = socket
    this.#connection = connection
    this.server = server
  }

  /** Whether it is of no use any more. */
  get isDestroyed(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded
  }

  /** Runs one statement; its rows, none where it has no result. */
  async query(
    statement: string,
    parameters: readonly (string | number)[],
  ): Promise<readonly RowDataPacket[]> {
    const [rows] = await this.#connection.query<RowDataPacket[]>(statement, [...parameters])
    return Array.isArray(rows) ? rows : []
  }

  /** Ends it at once; the driver's own `destroy` waits for a dead server to say farewell too. */
  destroy(): void {
    this.#socket.destroy()
  }
}

/**
 * The work's result, if it comes in time.
 *
 * @param giveUp called when it doesn't
 * @throws NoAnswerInTime
 */
export async function before<T>(
  limitMs: number,
  giveUp: () => void,
  work: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NoAnswerInTime())
      giveUp()
    }, limitMs)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * An address of a name, by the name server itself: the system's own look-up takes one of four
 * threads, by which the history is written too, for as long as a name server keeps silent.
 */
async function resolve(resolver: Resolver, host: string): Promise<string> {
  if (isIP(host) !== 0) return host
  let addresses: string[]
  try {
    addresses = await resolver.resolve4(host)
  } catch (error) {
    const isOther = error instanceof Error && 'code' in error && error.code === 'ENODATA'
    if (!isOther) throw error
    addresses = await resolver.resolve6(host)
  }
  // One at random, as a headless Service is meant to be used.
  const address = addresses[Math.floor(Math.random() * addresses.length)]
  if (address === undefined) throw new Error(`The name ${host} has no address.`)
  return address
}
