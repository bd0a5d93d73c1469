import { join } from 'node:path'

import { IMAGES } from '../image-names.ts'
import { OciLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { debianBase, NOT_PACKED } from './debian-base.ts'
import { placeNode } from './node-executable.ts'

/** The stock image of Node, for programs that are mounted into it. */
export const nodeImage: Recipe = {
  name: 'node-image',
  purpose: 'Node.js image',
  dependsOn: ['debian-packages'],
  sources: [
    'lab/artifacts/recipes/node-image.ts',
    'lab/artifacts/recipes/node-executable.ts',
    'lab/artifacts/recipes/debian-base.ts',
    'lab/artifacts/oci-layout.ts',
    'lab/artifacts/image-names.ts',
    'package-lock.json',
  ],
  parameters: {},
  tools: { tar: 'Debian package tar', 'dpkg-deb': 'Debian package dpkg' },
  async build(context: BuildContext): Promise<void> {
    const layout = await OciLayout.create(context)
    const base = join(context.scratchDir, 'base')
    context.step('unpacking packages')
    await debianBase(context, base)
    context.step('packing the image')
    const baseLayer = await layout.addLayer(base, NOT_PACKED)
    const node = join(context.scratchDir, 'node')
    await placeNode(node, 'usr/local/bin/node')
    const { names, standsBehind } = IMAGES.node
    const layers = [baseLayer, await layout.addLayer(node)]
    await layout.addImage(names, layers, { Entrypoint: ['/usr/local/bin/node'] }, standsBehind)
    await layout.finish()
  },
}
