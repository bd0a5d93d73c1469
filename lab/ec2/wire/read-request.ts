import type { IncomingMessage } from 'node:http'
import { ApiError } from '../api-error.ts'
import type { Form } from './parameters.ts'

/** User data is the largest thing in a request, and has 16 KiB. */
const MAX_BODY_BYTES = 1024 * 1024

/** Throws RequestEntityTooLarge. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) {
      const words = `A request can have ${MAX_BODY_BYTES} bytes at most.`
      throw new ApiError('RequestEntityTooLarge', words, 413)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The parameters of a POST form or a GET query. Throws MalformedQueryString. */
export function readForm(method: string, target: string, body: Buffer): Form {
  if (method !== 'POST' && method !== 'GET') {
    throw new ApiError('InvalidRequest', `The method ${method} is not valid for this web service.`)
  }
  const query = new URL(target, 'http://localhost').searchParams
  const pairs = [...query, ...new URLSearchParams(method === 'POST' ? body.toString() : '')]
  const form = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (form.has(name)) {
      throw new ApiError('MalformedQueryString', `The parameter ${name} is given more than once.`)
    }
    form.set(name, value)
  }
  return form
}
