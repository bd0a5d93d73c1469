import { existsSync } from 'node:fs'
import { chmod, link, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { REPOSITORY } from '../cache-key.ts'
import type { BuildContext, Recipe, RecipeName } from '../recipe.ts'

const IMAGE_RECIPES: readonly RecipeName[] = [
  'infra-images',
  'ebs-csi-image',
  'node-image',
  'cassandra-3.11-image',
  'cassandra-5.0-image',
]

/** What a machine's containerd starts from; anything else it makes by itself. */
const KEPT = [
  'io.containerd.content.v1.content',
  'io.containerd.metadata.v1.bolt',
  'io.containerd.snapshotter.v1.overlayfs',
]

/**
 * What an AMI with baked-in images is here: a containerd root in which every image is unpacked.
 * Machines share its files, see `seedContainerdRoot`.
 */
export const ami: Recipe = {
  name: 'ami',
  purpose: 'machine image with every container image unpacked',
  dependsOn: ['node-rootfs', ...IMAGE_RECIPES],
  sources: ['lab/artifacts/recipes/ami.ts', 'lab/artifacts/images/ami'],
  parameters: {},
  tools: { unshare: 'Debian package util-linux', tar: 'Debian package tar' },
  async build(context: BuildContext): Promise<void> {
    const layouts = IMAGE_RECIPES.map((name) => context.input(name))
    context.step('importing images into containerd')
    const script = join(REPOSITORY, 'lab/artifacts/images/ami/import.sh')
    const rootfs = context.input('node-rootfs')
    const folders = [rootfs, context.outDir, context.scratchDir, ...layouts]
    await context.run(['bash', script, ...folders], { timeoutMs: 5 * 60_000 })
    for (const name of await readdir(context.outDir)) {
      if (!KEPT.includes(name)) await rm(join(context.outDir, name), { recursive: true })
    }
    await chmod(context.outDir, 0o711)
    await shareBlobs(join(context.outDir, KEPT[0]!, 'blobs/sha256'), layouts)
  },
}

/** The layouts hold the same blobs: one copy on disk is enough. */
async function shareBlobs(blobs: string, layouts: readonly string[]): Promise<void> {
  for (const digest of await readdir(blobs)) {
    const twins = layouts.map((layout) => join(layout, 'blobs/sha256', digest))
    const twin = twins.find((path) => existsSync(path))
    if (twin === undefined) continue
    await rm(join(blobs, digest))
    await link(twin, join(blobs, digest))
  }
}
