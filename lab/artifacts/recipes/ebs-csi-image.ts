import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { IMAGES } from '../image-names.ts'
import { OciLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { debianBase, NOT_PACKED } from './debian-base.ts'
import { placeNode } from './node-executable.ts'

/** The image that the add-on's manifest runs as controller: Node and the bundled driver. */
export const ebsCsiImage: Recipe = {
  name: 'ebs-csi-image',
  purpose: 'EBS CSI driver image',
  dependsOn: ['debian-packages', 'csi-driver'],
  sources: [
    'lab/artifacts/recipes/ebs-csi-image.ts',
    'lab/artifacts/recipes/debian-base.ts',
    'lab/artifacts/recipes/node-executable.ts',
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
    await placeNode(node, 'usr/bin/node')
    const driver = join(context.scratchDir, 'driver')
    await mkdir(driver)
    await cp(join(context.input('csi-driver'), 'driver.mjs'), join(driver, 'driver.mjs'))
    const layers = [baseLayer, await layout.addLayer(node), await layout.addLayer(driver)]
    const { names, standsBehind } = IMAGES['ebs-csi-driver']
    const entrypoint = ['/usr/bin/node', '/driver.mjs']
    await layout.addImage(names, layers, { Entrypoint: entrypoint }, standsBehind)
    await layout.finish()
  },
}
