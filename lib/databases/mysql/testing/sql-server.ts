import { createServer, type Socket } from 'node:net'
import mysql from 'mysql2'
import { TcpListener } from '../../../std/tcp-listener.ts'

/** What a server does with a statement. */
export type Reply =
  | { readonly kind: 'ok' }
  | { readonly kind: 'rows'; readonly rows: readonly Readonly<Record<string, string | number>>[] }
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'hang-up' }
  | { readonly kind: 'silence' }

const UTF8 = 45
/** CLIENT_PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, LONG_PASSWORD and TRANSACTIONS. */
const CAPABILITIES = 0x00_08_82_01 | 0x2000

/**
 * A server of MySQL's protocol behind a real socket, which can be made to do what a real one can't be
 * made to do at the right moment. Keeps nothing.
 */
export class SqlServer implements AsyncDisposable {
  /** The statements that reached it, but for those by which a connection begins. */
  readonly received: string[] = []
  /** How often somebody connected. */
  connections = 0
  /** What it does with a statement. */
  reply: (statement: string) => Reply = () => ({ kind: 'ok' })
  /** Whether those who connect are greeted. */
  greets = true
  readonly #listener: TcpListener
  readonly #id: number

  /** @param id the server's id; port 0 is any */
  static async listen(id: number, port = 0): Promise<SqlServer> {
    const server = createServer()
    const made = new SqlServer(await TcpListener.open(server, port), id)
    server.on('connection', (socket) => made.#serve(socket))
    return made
  }

  private constructor(listener: TcpListener, id: number) {
    this.#listener = listener
    this.#id = id
  }

  get port(): number {
    return this.#listener.port
  }

  /** How many connections are open. */
  get open(): number {
    return this.#listener.connected
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener[Symbol.asyncDispose]()
  }

  #serve(socket: Socket): void {
    this.connections += 1
    socket.on('error', () => socket.destroy())
    if (!this.greets) return
    // The driver's own server end, on a socket that is ours: its types have only the client's.
    const connection = mysql.createConnection({ stream: socket, isServer: true })
    connection.on('error', () => socket.destroy())
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8.0.33',
      connectionId: this.connections,
      statusFlags: 2,
      characterSet: UTF8,
      capabilityFlags: CAPABILITIES,
      authCallback: (_client: unknown, taken: (error: null) => void) => {
        taken(null)
        Reflect.set(connection, 'sequenceId', 0)
      },
    })
    const say = (reply: Reply): void => {
      // Packets are numbered anew with each statement, which the driver forgets in this role.
      Reflect.set(connection, 'sequenceId', 1)
      answer(connection, socket, reply)
      Reflect.set(connection, 'sequenceId', 0)
    }
    // How the driver tells of SET.
    connection.on('stmt_prepare', () => say({ kind: 'ok' }))
    connection.on('query', (statement: string) => {
      if (statement.startsWith('SELECT @@server_id')) {
        say({ kind: 'rows', rows: [{ id: this.#id }] })
        return
      }
      this.received.push(statement)
      say(this.reply(statement))
    })
  }
}

function answer(connection: mysql.Connection, socket: Socket, reply: Reply): void {
  switch (reply.kind) {
    case 'ok':
      return connection.writeOk()
    case 'error':
      return connection.writeError({ code: reply.code, message: 'said by the test' })
    case 'rows': {
      const [first = { none: '' }] = reply.rows
      return connection.writeTextResult([...reply.rows], Object.keys(first).map(columnOf))
    }
    case 'hang-up':
      socket.destroy()
      return undefined
    case 'silence':
      return undefined
  }
}

function columnOf(name: string) {
  const VARCHAR = 253
  return {
    catalog: 'def',
    schema: '',
    table: '',
    orgTable: '',
    name,
    orgName: name,
    characterSet: UTF8,
    columnLength: 255,
    columnType: VARCHAR,
    type: VARCHAR,
    flags: 0,
    decimals: 0,
  }
}
