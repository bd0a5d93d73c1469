import { createReadStream, existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { IMAGES } from '../artifacts/image-names.ts'
import { readLayout } from '../artifacts/oci-layout.ts'
import { IMAGES_ON_DEMAND } from '../artifacts/recipe.ts'

/** One name of an image and what really stands behind it, for reports. */
export interface ImageTableRow {
  readonly name: string
  readonly standsBehind: string
}

/**
 * Every image name that the lab offers, with what stands behind it.
 * @param upstreamDriver path of the EBS CSI driver that is put in place of the image's own
 */
export function imageTable(upstreamDriver?: string): ImageTableRow[] {
  return Object.values(IMAGES).flatMap((image) =>
    image.names.map((name) => ({
      name,
      standsBehind:
        image === IMAGES['ebs-csi-driver'] && upstreamDriver !== undefined
          ? upstreamDriver
          : image.standsBehind,
    })),
  )
}

interface OfferedManifest {
  readonly mediaType: string
  readonly digest: string
  readonly path: string
}

/** What is offered: manifests by `<host>/<repository>` and tag or digest, blobs by digest. */
interface Offer {
  readonly names: readonly string[]
  readonly manifests: ReadonlyMap<string, OfferedManifest>
  readonly layouts: readonly string[]
  /** Those of the layouts that did not exist when it was read. */
  readonly absent: readonly string[]
}

/**
 * A read-only registry of the OCI distribution API over image layouts. The host that the image's
 * name starts with comes in containerd's `ns` parameter; without it any host's repository of that
 * path answers.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export function createRegistry(options: {
  /** Folders of OCI image layouts; one that comes to be later is offered from then on. */
  readonly images: readonly string[]
}): { listener: RequestListener } {
  let offer = readOffer(options.images)
  // Told at the first request; unhandled until then it would end the process.
  offer.catch(() => {})
  const upToDate = async (): Promise<Offer> => {
    const { absent } = await offer
    if (absent.some((layout) => existsSync(join(layout, 'index.json')))) {
      offer = readOffer(options.images)
    }
    return offer
  }
  return {
    listener: (request, response) => {
      answer(request, response, upToDate).catch((error: unknown) => {
        if (response.headersSent) response.destroy()
        else fail(response, 500, 'UNKNOWN', String(error))
      })
    },
  }
}

async function readOffer(layouts: readonly string[]): Promise<Offer> {
  const names: string[] = []
  const manifests = new Map<string, OfferedManifest>()
  const absent = layouts.filter((layout) => !existsSync(join(layout, 'index.json')))
  for (const layout of layouts.filter((item) => !absent.includes(item))) {
    for (const { name, manifest } of await readLayout(layout)) {
      names.push(name)
      const colon = name.lastIndexOf(':')
      const path = join(layout, 'blobs', manifest.digest.replace(':', '/'))
      const entry = { mediaType: manifest.mediaType, digest: manifest.digest, path }
      manifests.set(`${name.slice(0, colon)}@${name.slice(colon + 1)}`, entry)
      manifests.set(`${name.slice(0, colon)}@${manifest.digest}`, entry)
    }
  }
  return { names: names.sort(), manifests, layouts, absent }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  offered: () => Promise<Offer>,
): Promise<void> {
  response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    fail(response, 405, 'UNSUPPORTED', 'This registry is read-only.')
    return
  }
  const url = new URL(request.url ?? '/', 'http://registry')
  if (url.pathname === '/v2/' || url.pathname === '/v2') {
    response.setHeader('Content-Type', 'application/json')
    response.end('{}')
    return
  }
  const wanted = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname)
  if (wanted === null) {
    fail(response, 404, 'UNSUPPORTED', `There is nothing at ${url.pathname}.`)
    return
  }
  const [, repository = '', kind, reference = ''] = wanted
  const offer = await offered()
  if (kind === 'blobs') {
    await sendBlob(request, response, offer, reference)
    return
  }
  const host = url.searchParams.get('ns') ?? undefined
  const manifest = findManifest(offer, host, repository, reference)
  if (manifest === undefined) {
    const name = `${host === undefined ? '' : `${host}/`}${repository}:${reference}`
    fail(
      response,
      404,
      'MANIFEST_UNKNOWN',
      `The lab has no image ${name}; ${howToHave(name) ?? `it has ${offer.names.join(', ')}`}.`,
    )
    return
  }
  const body = await readFile(manifest.path)
  response.setHeader('Content-Type', manifest.mediaType)
  response.setHeader('Content-Length', body.length)
  response.setHeader('Docker-Content-Digest', manifest.digest)
  response.end(request.method === 'HEAD' ? undefined : body)
}

function findManifest(
  offer: Offer,
  host: string | undefined,
  repository: string,
  reference: string,
): OfferedManifest | undefined {
  if (host !== undefined) return offer.manifests.get(`${host}/${repository}@${reference}`)
  for (const [key, manifest] of offer.manifests) {
    if (key.slice(key.indexOf('/') + 1) === `${repository}@${reference}`) return manifest
  }
  return undefined
}

/** Of an image on demand that was not built. */
function howToHave(name: string): string | undefined {
  const image = Object.values(IMAGES).find(({ names }) =>
    (names as readonly string[]).includes(name),
  )
  const [demand] =
    Object.entries(IMAGES_ON_DEMAND).find(([, recipe]) => recipe === image?.recipe) ?? []
  return demand && `npx zonefall lab up --images ${demand} builds it, also while the lab is up`
}

async function sendBlob(
  request: IncomingMessage,
  response: ServerResponse,
  offer: Offer,
  digest: string,
): Promise<void> {
  const path = await findBlob(offer, digest)
  if (path === undefined) {
    fail(response, 404, 'BLOB_UNKNOWN', `The lab has no blob ${digest}.`)
    return
  }
  const { size } = await stat(path)
  const range = rangeOf(request.headers.range, size)
  response.setHeader('Docker-Content-Digest', digest)
  response.setHeader('Content-Type', 'application/octet-stream')
  response.setHeader('Accept-Ranges', 'bytes')
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${size}`)
    fail(response, 416, 'UNSUPPORTED', `The blob has ${size} bytes.`)
    return
  }
  const { start, end } = range ?? { start: 0, end: size - 1 }
  if (range !== undefined) {
    response.statusCode = 206
    response.setHeader('Content-Range', `bytes ${start}-${end}/${size}`)
  }
  response.setHeader('Content-Length', end - start + 1)
  if (request.method === 'HEAD') response.end()
  else await pipeline(createReadStream(path, { start, end, highWaterMark: 1 << 20 }), response)
}

async function findBlob(offer: Offer, digest: string): Promise<string | undefined> {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined
  for (const layout of offer.layouts) {
    const path = join(layout, 'blobs', digest.replace(':', '/'))
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile()) return path
  }
  return undefined
}

/** A single range of bytes; anything else is answered with the whole, as RFC 9110 allows. */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (asked === null || (asked[1] === '' && asked[2] === '')) return undefined
  const [, first = '', last = ''] = asked
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start >= size || start > end ? 'unsatisfiable' : { start, end }
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  const body = JSON.stringify({ errors: [{ code, message }] })
  response.statusCode = status
  response.setHeader('Content-Type', 'application/json')
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
