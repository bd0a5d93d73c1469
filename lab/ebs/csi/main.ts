import { once } from 'node:events'
import { type Options, parseOptions, USAGE, UsageError } from './options.ts'
import { driverName, register } from './registrar.ts'
import type { Descriptors } from './rpc/descriptors.ts'
import { DRIVER_NAME, identityHandlers } from './rpc/identity.ts'
import { log } from './rpc/log.ts'
import { loadProtocol, type Protocol } from './rpc/protocol.ts'
import { UnixServer } from './rpc/server.ts'

const EXIT_USAGE = 2

/**
 * The driver's process: parses `argv` (without node and script), serves until SIGTERM or SIGINT,
 * and sets the exit code: 0 when told to stop, 1 when it can't serve, 2 for a wrong command line.
 */
export async function main(descriptors: Descriptors, argv: readonly string[]): Promise<void> {
  try {
    const options = parseOptions(argv, process.env)
    const stop = stopSignal()
    await using _serving = await serve(options, loadProtocol(descriptors), stop)
    if (!stop.signal.aborted) await once(stop.signal, 'abort')
    if (stop.signal.reason instanceof Error) throw stop.signal.reason
  } catch (error) {
    log(error instanceof Error ? error.message : String(error))
    if (error instanceof UsageError) process.stderr.write(`${USAGE}\n`)
    process.exitCode = error instanceof UsageError ? EXIT_USAGE : 1
  }
}

/**
 * Starts what `options` ask for and returns once it serves; dispose of it to stop.
 *
 * @param stop is aborted, with an Error as its reason, when serving turns out to be impossible
 */
export async function serve(
  options: Options,
  protocol: Protocol,
  stop: AbortController,
): Promise<AsyncDisposable> {
  const serving = new AsyncDisposableStack()
  try {
    switch (options.mode) {
      case 'controller':
        serving.use(await serveController(options, protocol))
        break
      case 'node':
        await serveNode(options, protocol, stop, serving)
        break
      case 'registrar':
        serving.use(await serveRegistrar(options, protocol, stop))
        break
    }
    return serving
  } catch (error) {
    await serving.disposeAsync()
    throw error
  }
}

async function serveController(
  options: Extract<Options, { mode: 'controller' }>,
  protocol: Protocol,
): Promise<UnixServer> {
  // The AWS SDK is for the controller alone: the node's process never loads it.
  const { controllerHandlers } = await import('./controller/controller-service.ts')
  const { ec2Client, ec2OptionsOf } = await import('./controller/ec2.ts')
  const handlers = controllerHandlers(ec2Client(ec2OptionsOf(process.env)), options.extraTags)
  const server = await UnixServer.listen(options.socketPath, [
    [protocol.identity, identityHandlers(() => true)],
    [protocol.controller, handlers],
  ])
  log(`${DRIVER_NAME} controller serves on ${options.socketPath}`)
  return server
}

async function serveNode(
  options: Extract<Options, { mode: 'node' }>,
  protocol: Protocol,
  stop: AbortController,
  serving: AsyncDisposableStack,
): Promise<void> {
  const { nodeHandlers } = await import('./node/node-service.ts')
  const { readNodeMetadata } = await import('./node/node-metadata.ts')
  let ready = false
  const metadata = readNodeMetadata(options.nodeName, options.kubeconfig, stop.signal)
  const { registration } = options
  serving.use(
    await UnixServer.listen(options.socketPath, [
      [protocol.identity, identityHandlers(() => ready)],
      [protocol.node, nodeHandlers(metadata, options.attachLimit)],
    ]),
  )
  log(`${DRIVER_NAME} node serves on ${options.socketPath}`)
  // Registered once NodeGetInfo has an answer: the kubelet asks at once and backs off on errors.
  const announce = async () => {
    try {
      const node = await metadata
      ready = true
      log(`node ${options.nodeName} is ${node.instanceId} in ${node.zone}`)
      if (registration === undefined || serving.disposed) return
      serving.use(await register(protocol, { name: DRIVER_NAME, ...registration }, refused(stop)))
    } catch (error) {
      stop.abort(error)
    }
  }
  void announce()
}

async function serveRegistrar(
  options: Extract<Options, { mode: 'registrar' }>,
  protocol: Protocol,
  stop: AbortController,
): Promise<UnixServer> {
  const name = await driverName(protocol, options.csiAddress, stop.signal)
  const server = await register(protocol, { name, ...options }, refused(stop))
  log(`registrar of ${name} serves in ${options.directory}`)
  return server
}

/** As node-driver-registrar: end, so that whoever supervises starts over. */
const refused = (stop: AbortController) => (reason: string) => {
  stop.abort(new Error(`The kubelet refused the driver: ${reason}`))
}

/** Aborted, without an error, by the first SIGTERM or SIGINT. */
function stopSignal(): AbortController {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop.abort(signal)
    })
  }
  return stop
}
