import { cp, link, mkdir, readFile, realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { z } from 'zod'

import { IMAGES } from '../image-names.ts'
import { OciLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { debianBase, NOT_PACKED } from './debian-base.ts'

/** The npm package that brings Node itself; its bytes are vouched for by package-lock.json. */
const NODE_PACKAGE = createRequire(import.meta.url).resolve('node/package.json')

/** The image that the add-on's manifest runs as controller: Node and the bundled driver. */
export const ebsCsiImage: Recipe = {
  name: 'ebs-csi-image',
  purpose: 'EBS CSI driver image',
  dependsOn: ['debian-packages', 'csi-driver'],
  sources: [
    'lab/artifacts/recipes/ebs-csi-image.ts',
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
    await mkdir(join(node, 'usr/bin'), { recursive: true })
    await shareOrCopy(await nodeExecutable(), join(node, 'usr/bin/node'))
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

async function nodeExecutable(): Promise<string> {
  const { bin } = z
    .object({ bin: z.union([z.string(), z.object({ node: z.string() })]) })
    .parse(JSON.parse(await readFile(NODE_PACKAGE, 'utf8')))
  return realpath(join(dirname(NODE_PACKAGE), typeof bin === 'string' ? bin : bin.node))
}

async function shareOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => cp(from, to))
}
