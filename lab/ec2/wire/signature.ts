import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface Credential {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface SignedRequest {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** AWS takes a request for a quarter of an hour around its time. */
const MAX_SKEW_MS = 15 * 60_000

const HEADER =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([\w-]+)\/(\w+)\/aws4_request, *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})$/

/** What a request claims to be signed with, and for which service; nothing of it is checked. */
export function scopeOf(headers: IncomingHttpHeaders): {
  readonly accessKeyId: string | undefined
  /** `ec2`, `sts`, `autoscaling`; undefined when the request isn't signed. */
  readonly service: string | undefined
} {
  const claimed = /Credential=([^/,\s]+)\/[^/]*\/[^/]*\/([^/,\s]+)\/aws4_request/
  const [, accessKeyId, service] = claimed.exec(headers.authorization ?? '') ?? []
  return { accessKeyId, service }
}

/**
 * The credential that signed a request (Signature Version 4, in the Authorization header), or
 * undefined when none of `credentials` did.
 */
export function signerOf(
  request: SignedRequest,
  credentials: readonly Credential[],
  nowMs: number,
): Credential | undefined {
  const parts = HEADER.exec(request.headers.authorization ?? '')
  if (parts === null) return undefined
  const [, keyId = '', day = '', region = '', service = '', names = '', signature = ''] = parts
  const credential = credentials.find((one) => one.accessKeyId === keyId)
  const time = String(request.headers['x-amz-date'] ?? '')
  if (credential === undefined || !time.startsWith(day)) return undefined
  if (!(Math.abs(parseTime(time) - nowMs) <= MAX_SKEW_MS)) return undefined

  const scope = `${day}/${region}/${service}/aws4_request`
  const canonical = canonicalRequest(request, names.split(';'))
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<Buffer>(
    hmac,
    Buffer.from(`AWS4${credential.secretAccessKey}`),
  )
  const expected = hmac(key, toSign)
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? credential : undefined
}

function canonicalRequest(request: SignedRequest, names: readonly string[]): string {
  const url = new URL(request.target, 'http://localhost')
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&')
  const headers = names.map((name) => {
    const value = [request.headers[name] ?? ''].flat().join(',')
    return `${name}:${value.trim().replaceAll(/ +/g, ' ')}\n`
  })
  const bodyHash = sha256(request.body)
  // Encoded a second time, as all services but S3 have it (IAM user guide, "Create a canonical
  // request").
  const path = url.pathname.split('/').map(encode).join('/')
  return [request.method, path, query, headers.join(''), names.join(';'), bodyHash].join('\n')
}

const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** `20260102T030405Z`; NaN for anything else. */
const parseTime = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')

const hmac = (key: Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()
