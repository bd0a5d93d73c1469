import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Authorize } from '../iam/access.ts'
import { ApiError } from './api-error.ts'
import type { Form } from './wire/parameters.ts'
import type { Caller, QueryService } from './wire/query-service.ts'
import { readBody, readForm } from './wire/read-request.ts'
import { type Credential, scopeOf, signerOf } from './wire/signature.ts'

export interface ListenerOptions {
  /** The service for requests that name none in their signature. */
  readonly standard: QueryService
  /** All of them by name; one that is added later is served from then on. */
  readonly services: ReadonlyMap<string, QueryService>
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
 * Serves AWS's query protocol over HTTP, all services at one address: which one is meant says the
 * scope of the request's signature.
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
  let service = options.standard
  let form: Form = new Map()
  let status = 200
  let outcome = 'ok'
  let body: string
  try {
    service = serviceOf(options, request)
    const raw = await readBody(request)
    const caller = authenticate(options, service, request, raw)
    form = readForm(request.method ?? '', request.url ?? '/', raw)
    if (!options.withinRate()) throw service.refusals.throttled()
    body = respond(service, caller, form, requestId)
  } catch (error) {
    const known = error instanceof ApiError ? error : internalError(options, error)
    status = known.httpStatus
    outcome = `${known.code}: ${known.message}`
    body = service.failure(known, requestId)
  }
  const took = Math.round(options.now() - startMs)
  const what = `${service === options.standard ? '' : `${service.name}:`}${describe(form)}`
  options.log(`${what} -> ${status} ${outcome} (${took} ms, ${requestId})`)
  send(response, status, requestId, body)
}

function serviceOf({ standard, services }: ListenerOptions, request: IncomingMessage) {
  const { service: name } = scopeOf(request.headers)
  if (name === undefined) return standard
  const service = services.get(name)
  if (service !== undefined) return service
  const words = `Credential should be scoped to one of the services here: ${[...services.keys()].join(', ')}`
  throw new ApiError('SignatureDoesNotMatch', `${words}.`, 403)
}

function respond(service: QueryService, caller: Caller, form: Form, requestId: string): string {
  const { Action: action, Version: version = '', ...rest } = Object.fromEntries(form)
  if (action === undefined) throw new ApiError('MissingAction', 'The request names no Action.')
  if (version !== service.version) throw service.refusals.noSuchVersion(version)
  const result = service.perform(caller, action, new Map(Object.entries(rest)))
  return service.success(action, requestId, result)
}

function authenticate(
  { credentials, authorize, isClosed }: ListenerOptions,
  service: QueryService,
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

function send(response: ServerResponse, status: number, requestId: string, body: string): void {
  response.writeHead(status, {
    'content-type': 'text/xml;charset=UTF-8',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': requestId,
    // A request that was too long to be read was not read to its end.
    ...(status === 413 ? { connection: 'close' } : {}),
  })
  response.end(body)
}
