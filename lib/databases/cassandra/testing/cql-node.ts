import { createServer, type Socket } from 'node:net'
import { TcpListener } from '../../../std/tcp-listener.ts'

/** What a node does with a statement. */
export type Reply =
  | { readonly kind: 'void' }
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly Cell[][] }
  /** A server error by its code, native_protocol_v4.spec section 9. */
  | { readonly kind: 'error'; readonly code: number }
  /** Says nothing, as a process that is stopped. */
  | { readonly kind: 'silence' }
  /** Ends the connection, as a process that is killed. */
  | { readonly kind: 'hang-up' }
/** A text, or a number of 64 bits. */
type Cell = string | bigint | null

const OPCODES = {
  error: 0,
  startup: 1,
  ready: 2,
  authenticate: 3,
  options: 5,
  supported: 6,
  query: 7,
  result: 8,
  authResponse: 15,
  authSuccess: 16,
} as const
const BAD_CREDENTIALS = 0x0100
const HEADER_BYTES = 9
const RESPONSE_V4 = 0x84

const short = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const text = (value: string): Buffer => Buffer.concat([short(value.length), Buffer.from(value)])

/**
 * A node that speaks as much of CQL's native protocol, version 4, as a driver needs to connect and
 * to send statements: a real socket that can be made to do what a real server can't be made to do
 * at the right moment.
 */
export class CqlNode implements AsyncDisposable {
  readonly host: string
  /** Every statement that reached it with its first parameter, as sent. */
  readonly received: string[] = []
  /** What it does with statements that are not the driver's own. */
  reply: Reply = { kind: 'void' }
  /** Who may connect, as SASL's PLAIN has it: `\0name\0password`; undefined: everybody. */
  login: string | undefined
  readonly #listener: TcpListener
  readonly #peers: readonly string[]

  /** @param peers addresses of the other nodes, which listen on the same port */
  static async listen(host: string, port: number, peers: readonly string[] = []): Promise<CqlNode> {
    const server = createServer()
    const node = new CqlNode(await TcpListener.open(server, port, host), host, peers)
    server.on('connection', (socket) => node.#serve(socket))
    return node
  }

  private constructor(listener: TcpListener, host: string, peers: readonly string[]) {
    this.#listener = listener
    this.host = host
    this.#peers = peers
  }

  get port(): number {
    return this.#listener.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener[Symbol.asyncDispose]()
  }

  #serve(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    let input = Buffer.alloc(0)
    socket.on('data', (data: Buffer) => {
      input = Buffer.concat([input, data])
      while (input.length >= HEADER_BYTES) {
        const end = HEADER_BYTES + input.readInt32BE(5)
        if (input.length < end) return
        this.#answer(socket, input.subarray(0, end))
        input = input.subarray(end)
      }
    })
  }

  #answer(socket: Socket, frame: Buffer): void {
    const stream = frame.readInt16BE(2)
    const opcode = frame[4]
    if (opcode === OPCODES.options) return send(socket, stream, OPCODES.supported, short(0))
    if (opcode === OPCODES.startup && this.login !== undefined) {
      const authenticator = text('org.apache.cassandra.auth.PasswordAuthenticator')
      return send(socket, stream, OPCODES.authenticate, authenticator)
    }
    if (opcode === OPCODES.authResponse) {
      const isKnown = frame.toString('utf8', HEADER_BYTES + 4) === this.login
      return isKnown
        ? send(socket, stream, OPCODES.authSuccess, int(-1))
        : send(socket, stream, OPCODES.error, errorBody(BAD_CREDENTIALS))
    }
    // STARTUP and REGISTER
    if (opcode !== OPCODES.query) return send(socket, stream, OPCODES.ready, Buffer.alloc(0))
    const end = HEADER_BYTES + 4 + frame.readInt32BE(HEADER_BYTES)
    const statement = frame.toString('utf8', HEADER_BYTES + 4, end)
    const own = this.#systemRows(statement)
    if (own) return answerWith(socket, stream, own)
    this.received.push(`${statement} ${firstParameters(frame.subarray(end))}`.trim())
    return answerWith(socket, stream, this.reply)
  }

  #systemRows(statement: string): Reply | undefined {
    const columns = ['data_center', 'rack', 'release_version', 'partitioner']
    const values = ['dc', 'rack', '3.11.19', 'org.apache.cassandra.dht.Murmur3Partitioner']
    if (statement.includes('system.local')) {
      return {
        kind: 'rows',
        columns: [...columns, 'rpc_address'],
        rows: [[...values, this.host]],
      }
    }
    if (statement.includes('system.peers')) {
      return {
        kind: 'rows',
        columns: [...columns, 'rpc_address', 'peer'],
        rows: this.#peers.map((peer) => [...values, peer, peer]),
      }
    }
    return undefined
  }
}

/** Consistency, flags, then as many values as there are: each a length and its bytes. */
function firstParameters(rest: Buffer): string {
  const hasValues = ((rest[2] ?? 0) & 1) === 1
  if (!hasValues) return ''
  let at = 5
  return Array.from({ length: rest.readUInt16BE(3) }, () => {
    const length = rest.readInt32BE(at)
    const value = rest.toString('utf8', at + 4, at + 4 + length)
    at += 4 + length
    return value
  }).join(' ')
}

function answerWith(socket: Socket, stream: number, reply: Reply): void {
  switch (reply.kind) {
    case 'void':
      return send(socket, stream, OPCODES.result, int(1))
    case 'error':
      return send(socket, stream, OPCODES.error, errorBody(reply.code))
    case 'rows':
      return send(socket, stream, OPCODES.result, rowsBody(reply))
    case 'hang-up':
      socket.destroy()
      return undefined
    case 'silence':
      return undefined
  }
}

function send(socket: Socket, stream: number, opcode: number, body: Buffer): void {
  const header = Buffer.alloc(HEADER_BYTES)
  header[0] = RESPONSE_V4
  header.writeInt16BE(stream, 2)
  header[4] = opcode
  header.writeInt32BE(body.length, 5)
  socket.write(Buffer.concat([header, body]))
}

/** Unavailable and the time-outs say at which level, how many answered and how many had to. */
function errorBody(code: number): Buffer {
  const QUORUM = 4
  const levels = [short(QUORUM), int(2), int(1)]
  const more: Record<number, readonly Buffer[]> = {
    0x1000: levels,
    0x1100: [...levels, text('SIMPLE')],
    0x1200: [...levels, Buffer.from([0])],
  }
  return Buffer.concat([int(code), text('said by the test'), ...(more[code] ?? [])])
}

function rowsBody({ columns, rows }: Extract<Reply, { kind: 'rows' }>): Buffer {
  const [VARCHAR, BIGINT, GLOBAL_TABLE, ROWS] = [0x0d, 0x02, 1, 2]
  const types = columns.map((_, i) =>
    rows.some((row) => typeof row[i] === 'bigint') ? BIGINT : VARCHAR,
  )
  const cell = (value: Cell | undefined): Buffer => {
    if (value === null || value === undefined) return int(-1)
    if (typeof value === 'string') return Buffer.concat([int(value.length), Buffer.from(value)])
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(value)
    return Buffer.concat([int(8), bytes])
  }
  return Buffer.concat([
    int(ROWS),
    int(GLOBAL_TABLE),
    int(columns.length),
    text('ks'),
    text('tbl'),
    ...columns.flatMap((name, i) => [text(name), short(types[i] ?? VARCHAR)]),
    int(rows.length),
    ...rows.flatMap((row) => row.map(cell)),
  ])
}
