import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Authorize } from '../iam/access.ts'
import { ApiError } from './api-error.ts'
import type { Form } from './wire/parameters.ts'
import type { Caller, QueryService } from './wire/query-service.ts'
import { readBody, readForm } from './wire/read-request.ts'
import type { RestService, Service } from './wire/rest-service.ts'
import { type Credential, scopeOf, signerOf } from './wire/signature.ts'

export interface ListenerOptions {
  /** The service for requests that name none in their signature. */
  readonly standard: QueryService
  /** All of them by name; one that is added later is served from then on. */
  readonly services: ReadonlyMap<string, Service>
  /** Who may sign; undefined takes every request, signed or not. */
  readonly credentials: readonly Credential[] | undefined
  readonly authorize: Authorize
  /** False when there are too many requests. */
  readonly withinRate: () => boolean
  /** After that everything is refused. */
  readonly isClosed: () => boolean
  readonly now: () => number
  readonly log: (line: string) => void
}

/**
 * Serves AWS's query protocol, and its JSON one, over HTTP, all services at one address: which one
 * is meant says the scope of the request's signature.
 */
export function createListener(options: ListenerOptions): RequestListener {
  return (request, response) => {
    void answer(options, request, response)
  }
}

async function answer(
  options: ListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID()
  const startMs = options.now()
  let service: Service = options.standard
  let said = '? {}'
  let failed: ApiError | undefined
  let body: string
  try {
    service = serviceOf(options, request)
    const raw = await readBody(request)
    const caller = authenticate(options, service, request, raw)
    const call = readCall(service, request, raw)
    said = call.said
    if (!options.withinRate()) throw service.refusals.throttled()
    body = await call.respond(caller, requestId)
  } catch (error) {
    failed = error instanceof ApiError ? error : internalError(options, error)
    body = service.failure(failed, requestId)
  }
  const status = failed?.httpStatus ?? 200
  const outcome = failed === undefined ? 'ok' : `${failed.code}: ${failed.message}`
  const took = Math.round(options.now() - startMs)
  const what = `${service === options.standard ? '' : `${service.name}:`}${said}`
  options.log(`${what} -> ${status} ${outcome} (${took} ms, ${requestId})`)
  send(response, status, body, {
    'x-amzn-requestid': requestId,
    'content-type': isRest(service) ? 'application/json' : 'text/xml;charset=UTF-8',
    ...(isRest(service) && failed !== undefined ? { 'x-amzn-errortype': failed.code } : {}),
  })
}

const isRest = (service: Service): service is RestService => 'protocol' in service

interface Call {
  /** For the log. */
  readonly said: string
  /** Does it. Throws ApiError. */
  readonly respond: (caller: Caller, requestId: string) => string | Promise<string>
}

function readCall(service: Service, request: IncomingMessage, raw: Buffer): Call {
  const { method = '', url: target = '/' } = request
  if (isRest(service)) {
    return {
      said: `${method} ${target}`,
      respond: (caller) => JSON.stringify(service.perform(caller, method, target)),
    }
  }
  const form = readForm(method, target, raw)
  return {
    said: describe(form),
    respond: (caller, requestId) => respond(service, caller, form, requestId),
  }
}

function serviceOf({ standard, services }: ListenerOptions, request: IncomingMessage): Service {
  const { service: name } = scopeOf(request.headers)
  if (name === undefined) return standard
  const service = services.get(name)
  if (service !== undefined) return service
  const words = `Credential should be scoped to one of the services here: ${[...services.keys()].join(', ')}`
  throw new ApiError('SignatureDoesNotMatch', `${words}.`, 403)
}

async function respond(
  service: QueryService,
  caller: Caller,
  form: Form,
  requestId: string,
): Promise<string> {
  const { Action: action, Version: version = '', ...rest } = Object.fromEntries(form)
  if (action === undefined) throw new ApiError('MissingAction', 'The request names no Action.')
  if (version !== service.version) throw service.refusals.noSuchVersion(version)
  const result = await service.perform(caller, action, new Map(Object.entries(rest)))
  return service.success(action, requestId, result)
}

function authenticate(
  { credentials, authorize, isClosed }: ListenerOptions,
  service: Service,
  request: IncomingMessage,
  body: Buffer,
): Caller {
  if (isClosed()) throw new ApiError('Unavailable', 'The service is shutting down.', 503)
  const { accessKeyId: claimed } = scopeOf(request.headers)
  if (credentials === undefined) return { accessKeyId: claimed ?? 'anonymous', authorize }
  const { method = '', url: target = '/', headers } = request
  // Not the API's own clock: a signature's time is the caller's.
  const signer = signerOf({ method, target, headers, body }, credentials, Date.now())
  if (signer !== undefined) return { accessKeyId: signer.accessKeyId, authorize }
  throw service.refusals.unauthenticated(claimed !== undefined)
}

function internalError({ log }: ListenerOptions, error: unknown): ApiError {
  log(`defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return new ApiError('InternalError', 'An internal error has occurred', 500)
}

/** User data may hold secrets, and is long. */
const UNSPOKEN = new Set(['Action', 'Version', 'UserData'])

function describe(form: Form): string {
  const said = [...form].filter(([name]) => !UNSPOKEN.has(name))
  return `${form.get('Action') ?? '?'} ${JSON.stringify(Object.fromEntries(said))}`
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.statusCode = status
  response.setHeaders(new Map(Object.entries(headers)))
  response.setHeader('content-length', Buffer.byteLength(body))
  // A request that was too long to be read was not read to its end.
  if (status === 413) response.setHeader('connection', 'close')
  response.end(body)
}
