import { StringDecoder } from 'node:string_decoder'
import { InconclusiveError } from '../model/errors.ts'
import type { Cluster } from './cluster.ts'
import { openPodStream, type PodSocket } from './pod-stream.ts'

/** Channels of the API server's remote command protocol, `v4.channel.k8s.io` and later. */
const STDIN = 0
const STDOUT = 1
const STDERR = 2
const STATUS = 3

interface Waiting {
  readonly resolve: (line: string) => void
  readonly reject: (error: Error) => void
}

/**
 * A command in a container that answers each line of its input with a line of output: a stream to a
 * process that stays, where starting one for each question would take longer than the answer.
 */
export class ExecSession {
  readonly #socket: PodSocket
  readonly #said: string
  readonly #waiting: Waiting[] = []
  readonly #decoder = new StringDecoder('utf8')
  #output = ''
  #errors = ''
  #ended: string | undefined

  /**
   * Starts the command.
   *
   * @throws InconclusiveError when the API server refuses or can't be reached in time
   */
  static async open(
    cluster: Cluster,
    target: {
      readonly namespace: string
      readonly pod: string
      readonly container: string
      readonly command: readonly string[]
    },
  ): Promise<ExecSession> {
    const { namespace, pod, container, command } = target
    const query = new URLSearchParams({ stdin: 'true', stdout: 'true', stderr: 'true', container })
    for (const word of command) query.append('command', word)
    let session: ExecSession | undefined
    const early: [number, Buffer][] = []
    const socket = await openPodStream(
      cluster,
      `/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query.toString()}`,
      (channel, data) => {
        if (session) session.#take(channel, data)
        else early.push([channel, data])
      },
    )
    session = new ExecSession(socket, `"${command.join(' ')}" in pod ${pod}`)
    for (const [channel, data] of early) session.#take(channel, data)
    return session
  }

  private constructor(socket: PodSocket, said: string) {
    this.#socket = socket
    this.#said = said
    socket.on('close', () => this.#end('the connection was closed'))
    socket.on('error', (error) => this.#end(error.message))
    if (socket.readyState > 1) this.#end('the connection was closed')
  }

  /** Whether it can be asked no more. */
  get isOver(): boolean {
    return this.#ended !== undefined
  }

  /**
   * Sends a line and waits for the one that answers it; answers come in the order of the questions.
   *
   * @throws InconclusiveError when the session ends before, or no answer comes in time: then it is
   *   over, because a late answer would be taken for the next one's
   */
  async ask(line: string, timeoutMs: number): Promise<string> {
    if (this.#ended !== undefined) throw this.#error(this.#ended)
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#waiting.push({ resolve, reject })
    const text = Buffer.from(`${line}\n`)
    const framed = Buffer.allocUnsafe(text.length + 1)
    framed[0] = STDIN
    text.copy(framed, 1)
    this.#socket.send(framed, (error) => {
      if (error) this.#end(error.message)
    })
    const timer = setTimeout(() => {
      this.#end(`no answer for ${timeoutMs / 1000} s`)
    }, timeoutMs)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the session, and with its input the command. */
  close(): void {
    this.#end('it was closed')
  }

  #take(channel: number, data: Buffer): void {
    if (channel === STDERR) this.#errors = (this.#errors + data.toString('utf8')).slice(-500)
    if (channel === STATUS) this.#end(`it ended: ${data.toString('utf8').slice(0, 300)}`)
    if (channel !== STDOUT) return
    const lines = (this.#output + this.#decoder.write(data)).split('\n')
    this.#output = lines.pop() ?? ''
    for (const line of lines) this.#waiting.shift()?.resolve(line)
  }

  #end(why: string): void {
    if (this.#ended !== undefined) return
    this.#ended = why
    this.#socket.terminate()
    for (const { reject } of this.#waiting.splice(0)) reject(this.#error(why))
  }

  #error(why: string): InconclusiveError {
    const errors = this.#errors === '' ? '' : ` Its stderr: ${this.#errors}`
    return new InconclusiveError(`The session ${this.#said} is over: ${why}.${errors}`)
  }
}
