import { createHash } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { z } from 'zod'

import type { BuildContext } from './recipe.ts'
import { sha256 } from './seal.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
/** Uncompressed: nothing crosses a network, and unpacking saves the time. */
const LAYER = 'application/vnd.oci.image.layer.v1.tar'

const Descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  /** In bytes. */
  size: z.number(),
  annotations: z.record(z.string(), z.string()).optional(),
})
/** How a blob is referred to in manifests. */
export type Descriptor = z.infer<typeof Descriptor>
const Index = z.object({ manifests: z.array(Descriptor) })
const Manifest = z.object({ config: Descriptor, layers: z.array(Descriptor) })

/** One image of a layout, under one of its names. */
export interface LayoutImage {
  /** With host and tag: `registry.k8s.io/pause:3.10`. */
  readonly name: string
  readonly manifest: Descriptor
}

/** What a container of the image runs unless its pod says otherwise. */
export interface ImageConfig {
  readonly Entrypoint: readonly string[]
  readonly Env?: readonly string[]
  readonly WorkingDir?: string
  readonly StopSignal?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
}

/**
 * An OCI image layout: a folder of blobs named by their digest, and an index of the images. Layers
 * are tar files whose entries are sorted, owned by root and dated 1970, so that the same files
 * give the same digest.
 */
export class OciLayout {
  readonly #context: BuildContext
  readonly #blobs: string
  readonly #images: Descriptor[] = []
  #layers = 0

  private constructor(context: BuildContext) {
    this.#context = context
    this.#blobs = join(context.outDir, 'blobs/sha256')
  }

  /** An empty layout in the recipe's output folder. */
  static async create(context: BuildContext): Promise<OciLayout> {
    const layout = new OciLayout(context)
    await mkdir(layout.#blobs, { recursive: true })
    return layout
  }

  /** Packs a folder into a layer. `exclude` takes tar's patterns, from the folder's root. */
  async addLayer(folder: string, exclude: readonly string[] = []): Promise<Descriptor> {
    const path = join(this.#context.scratchDir, `layer-${this.#layers++}.tar`)
    await this.#context.run([
      'tar',
      '--create',
      '--format=gnu',
      '--sort=name',
      '--mtime=@0',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--anchored',
      ...exclude.map((pattern) => `--exclude=./${pattern}`),
      `--file=${path}`,
      `--directory=${folder}`,
      '.',
    ])
    const digest = await sha256(path)
    await rename(path, join(this.#blobs, digest))
    return this.#describe(LAYER, digest)
  }

  /** Takes a layer over from another layout, sharing its bytes. */
  async shareLayer(otherLayout: string, layer: Descriptor): Promise<Descriptor> {
    const name = layer.digest.replace('sha256:', '')
    await rm(join(this.#blobs, name), { force: true })
    await link(join(otherLayout, 'blobs/sha256', name), join(this.#blobs, name))
    return layer
  }

  /** Adds an image of these layers, lowest first, under each of the names. */
  async addImage(
    names: readonly string[],
    layers: readonly Descriptor[],
    config: ImageConfig,
    description: string,
  ): Promise<void> {
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    const configBlob = await this.#addJson(CONFIG, {
      architecture: 'amd64',
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: { ...config, Env: [`PATH=${path}`, ...(config.Env ?? [])] },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
      history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'zonefall' })),
    })
    const manifest = await this.#addJson(MANIFEST, {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: configBlob,
      layers,
      annotations: { 'org.opencontainers.image.description': description },
    })
    for (const name of names) {
      const annotations = {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
      }
      this.#images.push({ ...manifest, annotations })
    }
  }

  /** Writes the index; call it last. */
  async finish(): Promise<void> {
    const { outDir } = this.#context
    await writeFile(join(outDir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    await writeFile(
      join(outDir, 'index.json'),
      JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: this.#images }),
    )
  }

  async #addJson(mediaType: string, content: unknown): Promise<Descriptor> {
    const text = JSON.stringify(content)
    const digest = createHash('sha256').update(text).digest('hex')
    await writeFile(join(this.#blobs, digest), text)
    return this.#describe(mediaType, digest)
  }

  async #describe(mediaType: string, digest: string): Promise<Descriptor> {
    const { size } = await stat(join(this.#blobs, digest))
    return { mediaType, digest: `sha256:${digest}`, size }
  }
}

/** The images of a finished layout. */
export async function readLayout(dir: string): Promise<LayoutImage[]> {
  const index = Index.parse(JSON.parse(await readFile(join(dir, 'index.json'), 'utf8')))
  return index.manifests.map((manifest) => ({
    name: manifest.annotations?.['io.containerd.image.name'] ?? '',
    manifest,
  }))
}

/** The layers of an image of a finished layout, lowest first. */
export async function readLayers(dir: string, image: LayoutImage): Promise<Descriptor[]> {
  const path = blobPath(dir, image.manifest)
  return Manifest.parse(JSON.parse(await readFile(path, 'utf8'))).layers
}

/** Where a finished layout keeps a blob. */
export function blobPath(dir: string, blob: Descriptor): string {
  return join(dir, 'blobs', blob.digest.replace(':', '/'))
}
