import { lstat, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  Server,
  status,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { log } from './log.ts'
import { CsiError } from './status.ts'
import { messageOf, textAt } from './unknown.ts'

/** Does one call. `signal` is aborted when the caller gives up or its deadline passes. */
export type Handler<Request> = (request: Request, signal: AbortSignal) => Promise<object>

/** Handlers by the method's name in the .proto; what is missing answers UNIMPLEMENTED. */
// oxlint-disable-next-line typescript/no-explicit-any -- each handler names its own request type
export type Handlers = Readonly<Record<string, Handler<any>>>

/** Calls that the kubelet and the sidecars repeat all day; logged when they fail. */
const QUIET = /^(Probe|GetPlugin|.*GetCapabilities|NodeGetVolumeStats|NodeGetInfo|GetInfo)/

/** A gRPC server on a unix socket that is gone when it is closed. */
export class UnixServer implements AsyncDisposable {
  readonly socketPath: string
  readonly #server: Server

  private constructor(socketPath: string, server: Server) {
    this.socketPath = socketPath
    this.#server = server
  }

  /**
   * Serves `services` on `socketPath`. A socket file that a killed process left there is removed.
   *
   * @throws Error when something else than a socket is in the way, or the folder can't be written.
   */
  static async listen(
    socketPath: string,
    services: readonly (readonly [ServiceDefinition, Handlers])[],
  ): Promise<UnixServer> {
    await mkdir(dirname(socketPath), { recursive: true, mode: 0o750 })
    await removeStaleSocket(socketPath)
    const server = new Server()
    for (const [definition, handlers] of services) {
      server.addService(
        definition,
        Object.fromEntries(
          Object.keys(definition).map((name) => [name, unary(name, handlers[name])]),
        ),
      )
    }
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve()
        else reject(error)
      })
    })
    return new UnixServer(socketPath, server)
  }

  /** Ends every call at once and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown()
    await rm(this.socketPath, { force: true })
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) {
    throw new Error(`${path} is in the way and is no socket: remove it or choose another endpoint.`)
  }
  await rm(path, { force: true })
}

function unary(name: string, handler: Handler<object> | undefined) {
  return (call: ServerUnaryCall<object, object>, answer: sendUnaryData<object>): void => {
    const gone = new AbortController()
    call.on('cancelled', () => {
      gone.abort(new CsiError('CANCELLED', `The caller of ${name} gave up`))
    })
    const startMs = performance.now()
    const done = (outcome: string) => {
      log(
        `${name} ${subjectOf(call.request)} ${outcome} ${Math.round(performance.now() - startMs)} ms`,
      )
    }
    const serve = async () => {
      try {
        if (handler === undefined) {
          throw new CsiError('UNIMPLEMENTED', `${name} is not implemented by this driver`)
        }
        const response = await handler(call.request, gone.signal)
        if (!QUIET.test(name)) done('ok')
        answer(null, response)
      } catch (error) {
        const known = asCsiError(error)
        done(`${known.code}: ${known.message}`)
        answer({ code: status[known.code], details: known.message })
      }
    }
    void serve()
  }
}

const asCsiError = (error: unknown): CsiError =>
  error instanceof CsiError ? error : new CsiError('INTERNAL', messageOf(error))

/** Ids and names alone: parameters and secrets stay out of the log. */
function subjectOf(request: object): string {
  return ['name', 'volumeId', 'snapshotId', 'nodeId', 'stagingTargetPath', 'targetPath']
    .map((key) => textAt(request, key) ?? '')
    .filter((value) => value !== '')
    .join(' ')
}
