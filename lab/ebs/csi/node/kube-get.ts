import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { textAt } from '../rpc/unknown.ts'
import type { KubeAccess } from './kube-config.ts'

const TIMEOUT_MS = 5000
/** A Node object is some ten kilobytes. */
const MOST_BYTES = 4 << 20

/**
 * One GET to the API server, parsed from JSON. Plain Node instead of a Kubernetes client, which
 * would be most of the driver's memory for this one call.
 *
 * @throws Error with the server's own message for any status but 200, and after five seconds.
 */
export async function getJson(
  access: KubeAccess,
  path: string,
  signal: AbortSignal,
): Promise<unknown> {
  const { status, text } = await get(access, path, signal)
  if (status === 200) return JSON.parse(text)
  throw new Error(`the API server answered ${status}: ${saidBy(text)}`)
}

function saidBy(text: string): string {
  try {
    return textAt(JSON.parse(text), 'message') ?? text
  } catch {
    return text.slice(0, 200)
  }
}

function get(
  access: KubeAccess,
  path: string,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const url = new URL(path, access.server)
  const request = url.protocol === 'http:' ? httpRequest : httpsRequest
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        agent: false,
        headers: {
          accept: 'application/json',
          'user-agent': 'ebs-csi-driver-zonefall',
          ...(access.token === undefined ? {} : { authorization: `Bearer ${access.token}` }),
        },
        ...(access.ca === undefined ? {} : { ca: access.ca }),
        ...(access.cert === undefined ? {} : { cert: access.cert }),
        ...(access.key === undefined ? {} : { key: access.key }),
        ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
        rejectUnauthorized: !access.insecure,
      },
      (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MOST_BYTES) response.destroy(new Error('the answer is too long'))
          chunks.push(chunk)
        })
        response.once('error', reject)
        response.once('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(chunks).toString('utf8'),
          })
        })
      },
    )
    call.once('error', reject)
    call.end()
  })
}
