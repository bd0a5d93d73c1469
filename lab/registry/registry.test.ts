import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { OciLayout, readLayout } from '../artifacts/oci-layout.ts'
import { runCommand } from '../artifacts/run-command.ts'
import { createRegistry, imageTable } from './registry.ts'

let folder: string
let server: Server
let base: string
let layerDigest: string
let layerSize: number
let manifestDigest: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonefall-registry-'))
  const outDir = join(folder, 'out')
  const scratchDir = join(folder, 'scratch')
  await mkdir(outDir)
  await mkdir(join(scratchDir, 'content'), { recursive: true })
  await writeFile(join(scratchDir, 'content/file'), 'content')
  const layout = await OciLayout.create({
    outDir,
    scratchDir,
    input: () => '',
    step: () => {},
    run: (command) => runCommand(command, join(folder, 'log')),
  })
  const layer = await layout.addLayer(join(scratchDir, 'content'))
  await layout.addImage(['gcr.io/some/image:v1'], [layer], { Entrypoint: ['/x'] }, 'a test')
  await layout.finish()
  const [image] = await readLayout(outDir)
  manifestDigest = image!.manifest.digest
  layerDigest = layer.digest
  layerSize = layer.size
  server = createServer(createRegistry({ images: [outDir] }).listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  base = `http://127.0.0.1:${address.port}`
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

describe('manifests', () => {
  it('says that it speaks the protocol', async () => {
    const answer = await fetch(`${base}/v2/`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('docker-distribution-api-version')).toBe('registry/2.0')
  })

  it.each(['v1', 'digest'])('answers by %s', async (by) => {
    const reference = by === 'digest' ? manifestDigest : by
    const url = `${base}/v2/some/image/manifests/${reference}?ns=gcr.io`
    const answer = await fetch(url)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('docker-content-digest')).toBe(manifestDigest)
    expect(answer.headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json')
    expect(await answer.json()).toMatchObject({ layers: [{ digest: layerDigest }] })
    const head = await fetch(url, { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe(answer.headers.get('content-length'))
    expect(await head.text()).toBe('')
  })

  it('takes any host when none is named, and no other than the one that is', async () => {
    expect((await fetch(`${base}/v2/some/image/manifests/v1`)).status).toBe(200)
    expect((await fetch(`${base}/v2/some/image/manifests/v1?ns=quay.io`)).status).toBe(404)
  })

  it('lists what there is when asked for what there is not', async () => {
    const answer = await fetch(`${base}/v2/some/image/manifests/v2?ns=gcr.io`)
    expect(answer.status).toBe(404)
    expect(await answer.json()).toEqual({
      errors: [
        {
          code: 'MANIFEST_UNKNOWN',
          message: 'The lab has no image gcr.io/some/image:v2; it has gcr.io/some/image:v1.',
        },
      ],
    })
  })
})

describe('an image on demand', () => {
  it('is offered once it is built, and until then its absence says how to build it', async () => {
    const outDir = join(folder, 'later')
    const later = createServer(createRegistry({ images: [outDir] }).listener).listen(0, '127.0.0.1')
    await new Promise((resolve) => later.once('listening', resolve))
    const address = later.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const url = `http://127.0.0.1:${address.port}/v2/library/mysql/manifests/5.7?ns=docker.io`
    const before = await fetch(url)
    expect(before.status).toBe(404)
    expect(await before.text()).toContain('npx zonefall lab up --images mysql builds it')

    const scratchDir = join(folder, 'scratch-later')
    await mkdir(outDir)
    await mkdir(join(scratchDir, 'content'), { recursive: true })
    const layout = await OciLayout.create({
      outDir,
      scratchDir,
      input: () => '',
      step: () => {},
      run: (command) => runCommand(command, join(folder, 'log')),
    })
    const layer = await layout.addLayer(join(scratchDir, 'content'))
    await layout.addImage(
      ['docker.io/library/mysql:5.7'],
      [layer],
      { Entrypoint: ['/x'] },
      'a test',
    )
    await layout.finish()
    expect((await fetch(url)).status).toBe(200)
    later.close()
  })
})

describe('blobs', () => {
  const blob = (headers: Record<string, string> = {}) =>
    fetch(`${base}/v2/some/image/blobs/${layerDigest}?ns=gcr.io`, { headers })

  it('sends the whole', async () => {
    const answer = await blob()
    expect(answer.headers.get('docker-content-digest')).toBe(layerDigest)
    expect((await answer.arrayBuffer()).byteLength).toBe(layerSize)
  })

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=100-', 100, undefined],
    ['bytes=-20', -20, undefined],
  ])('sends %s', async (range, from, to) => {
    const whole = Buffer.from(await (await blob()).arrayBuffer())
    const answer = await blob({ range })
    expect(answer.status).toBe(206)
    expect(answer.headers.get('content-range')).toMatch(
      new RegExp(`^bytes \\d+-\\d+/${layerSize}$`),
    )
    expect(Buffer.from(await answer.arrayBuffer()).equals(whole.subarray(from, to))).toBe(true)
  })

  it('refuses a range past the end', async () => {
    const answer = await blob({ range: `bytes=${layerSize}-` })
    expect(answer.status).toBe(416)
    expect(answer.headers.get('content-range')).toBe(`bytes */${layerSize}`)
  })

  it.each(['sha256:' + '0'.repeat(64), '..%2f..%2fetc%2fpasswd', 'sha256:..'])(
    'knows no %s',
    async (digest) => {
      const answer = await fetch(`${base}/v2/some/image/blobs/${digest}`)
      expect(answer.status).toBe(404)
      expect(await answer.json()).toMatchObject({ errors: [{ code: 'BLOB_UNKNOWN' }] })
    },
  )
})

it('takes nothing', async () => {
  const answer = await fetch(`${base}/v2/some/image/blobs/uploads/`, { method: 'POST' })
  expect(answer.status).toBe(405)
})

it('tells what stands behind the names that the tutorial uses', () => {
  const row = imageTable().find(({ name }) => name === 'gcr.io/google-samples/cassandra:v11')
  expect(row?.standsBehind).toMatch(/^Apache Cassandra 3\.11\.\d+ /)
})
