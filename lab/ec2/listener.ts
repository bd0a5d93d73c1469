import { randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { ApiError } from './api-error.ts'
import type { Ec2Context } from './context.ts'
import { type Authorize, type Caller, perform } from './perform.ts'
import type { Form } from './wire/parameters.ts'
import { EC2_SERVICE, type QueryService } from './wire/query-service.ts'
import { readBody, readForm } from './wire/read-request.ts'
import { type Credential, signerOf } from './wire/signature.ts'

export interface ListenerOptions {
  /** Who may sign; undefined takes every request, signed or not. */
  readonly credentials: readonly Credential[] | undefined
  readonly authorize: Authorize
  /** Throws when there are too many requests. */
  readonly checkRate: () => void
}

/** Serves EC2's query protocol over HTTP. */
export function createListener(context: Ec2Context, options: ListenerOptions): RequestListener {
  return (request, response) => {
    void answer(context, options, request, response)
  }
}

async function answer(
  context: Ec2Context,
  options: ListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID()
  const startMs = context.clock.now()
  let form: Form = new Map()
  let status = 200
  let outcome = 'ok'
  let body: string
  try {
    const raw = await readBody(request)
    const caller = authenticate(context, options, request, raw)
    form = readForm(request.method ?? '', request.url ?? '/', raw)
    options.checkRate()
    body = respond(context, caller, form, requestId)
  } catch (error) {
    const known = error instanceof ApiError ? error : internalError(context, error)
    status = known.httpStatus
    outcome = `${known.code}: ${known.message}`
    body = EC2_SERVICE.failure(known, requestId)
  }
  const took = Math.round(context.clock.now() - startMs)
  context.log(`${describe(form)} -> ${status} ${outcome} (${took} ms, ${requestId})`)
  send(response, status, requestId, body)
}

function respond(
  context: Ec2Context,
  caller: Caller,
  form: Form,
  requestId: string,
  service: QueryService = EC2_SERVICE,
): string {
  const { Action: action, Version: version, ...rest } = Object.fromEntries(form)
  if (action === undefined) throw new ApiError('MissingAction', 'The request names no Action.')
  if (version !== service.version) {
    const words = `The requested version (${version ?? ''}) of service AmazonEC2 does not exist`
    throw new ApiError('NoSuchVersion', words)
  }
  const result = perform(context, caller, action, new Map(Object.entries(rest)))
  return service.success(action, requestId, result)
}

function authenticate(
  context: Ec2Context,
  { credentials, authorize }: ListenerOptions,
  request: IncomingMessage,
  body: Buffer,
): Caller {
  if (context.background.closed) {
    throw new ApiError('Unavailable', 'The service is shutting down.', 503)
  }
  const claimed = /Credential=([^/,\s]+)\//.exec(request.headers.authorization ?? '')?.[1]
  if (credentials === undefined) return { accessKeyId: claimed ?? 'anonymous', authorize }
  const { method = '', url: target = '/', headers } = request
  // Not the API's own clock: a signature's time is the caller's.
  const signer = signerOf({ method, target, headers, body }, credentials, Date.now())
  if (signer !== undefined) return { accessKeyId: signer.accessKeyId, authorize }
  const words = 'AWS was not able to validate the provided access credentials'
  throw new ApiError('AuthFailure', words, 401)
}

function internalError(context: Ec2Context, error: unknown): ApiError {
  context.log(`defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
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
