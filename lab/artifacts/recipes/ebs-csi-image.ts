import { copyFile, mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'

import { REPOSITORY } from '../cache-key.ts'
import { IMAGES } from '../image-names.ts'
import { OciLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { unpack } from './debian-packages.ts'
import { copyCertificates } from './infra-images.ts'

/** The image of the CSI controller: Node on glibc, and the driver's bundle. */
export const ebsCsiImage: Recipe = {
  name: 'ebs-csi-image',
  purpose: "image of the lab's EBS CSI driver",
  dependsOn: ['csi-driver', 'debian-packages'],
  sources: [
    'lab/artifacts/recipes/ebs-csi-image.ts',
    'lab/artifacts/oci-layout.ts',
    'lab/artifacts/image-names.ts',
    'package-lock.json',
  ],
  parameters: {},
  tools: { tar: 'tar', 'dpkg-deb': 'dpkg' },
  async build(context: BuildContext): Promise<void> {
    const layout = await OciLayout.create(context)
    context.step('packing the driver image')
    const root = join(context.scratchDir, 'root')
    await unpack(context, 'base', root, [
      'base-files',
      'libc6',
      'libgcc-s1',
      'libstdc++6',
      'ca-certificates',
    ])
    await mkdir(join(root, 'etc/ssl/certs'), { recursive: true })
    await copyCertificates(root, root)
    await mkdir(join(root, 'usr/bin'), { recursive: true })
    const node = await realpath(join(REPOSITORY, 'node_modules/node/bin/node'))
    await copyFile(node, join(root, 'usr/bin/node'))
    const runtime = await layout.addLayer(root)
    const bundle = join(context.scratchDir, 'bundle')
    await mkdir(bundle)
    await copyFile(join(context.input('csi-driver'), 'driver.mjs'), join(bundle, 'driver.mjs'))
    const { names, standsBehind } = IMAGES['ebs-csi-driver']
    await layout.addImage(
      names,
      [runtime, await layout.addLayer(bundle)],
      { Entrypoint: ['/usr/bin/node', '/driver.mjs'] },
      standsBehind,
    )
    await layout.finish()
  },
}
