import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  type RequestContext,
  ResponseContext,
  wrapHttpLibrary,
} from '@kubernetes/client-node'
import { InconclusiveError } from '../model/errors.ts'

/** A question that got no answer this time: asking again is harmless and may help. */
export class TransientApiError extends InconclusiveError {
  /** `poll` goes on past errors that say so. */
  readonly isTransient = true
  /** The API server's status; undefined when there was no whole answer. */
  readonly status: number | undefined

  constructor(message: string, status: number | undefined, cause?: unknown) {
    super(message, { cause })
    this.status = status
  }
}

/**
 * client-node's way over HTTP, but GETs that fail for the moment (no connection, time-out, 429, 5xx,
 * an answer that breaks off) end in a TransientApiError. What changes something is left alone: it may have happened.
 */
export function transientAware(): ReturnType<typeof wrapHttpLibrary> {
  const plain = new IsomorphicFetchHttpLibrary()
  return wrapHttpLibrary({
    send: async (request) => {
      if (request.getHttpMethod() !== HttpMethod.GET) return plain.send(request).toPromise()
      const response = await send(plain, request)
      const { httpStatusCode: status } = response
      if (status !== 429 && status < 500) return withBoundBody(response)
      const text = await response.body.text().catch(() => '')
      throw new TransientApiError(
        `the API server answered ${status}${text === '' ? '' : `: ${messageIn(text)}`}`,
        status,
      )
    },
  })
}

async function send(
  plain: IsomorphicFetchHttpLibrary,
  request: RequestContext,
): Promise<ResponseContext> {
  try {
    return await plain.send(request).toPromise()
  } catch (error) {
    throw new TransientApiError('the API server did not answer', undefined, error)
  }
}

/** The same answer; its body, which comes after its head, may stay away as well. */
function withBoundBody({ httpStatusCode, headers, body }: ResponseContext): ResponseContext {
  const read = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading
    } catch (error) {
      throw new TransientApiError("the API server's answer broke off", undefined, error)
    }
  }
  return new ResponseContext(httpStatusCode, headers, {
    ...body,
    text: () => read(body.text()),
    binary: () => read(body.binary()),
  })
}

function messageIn(text: string): string {
  return (/"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text).slice(0, 200)
}
