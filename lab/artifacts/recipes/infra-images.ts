import { existsSync } from 'node:fs'
import { chmod, copyFile, link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { IMAGES } from '../image-names.ts'
import { OciLayout } from '../oci-layout.ts'
import type { BuildContext, Recipe } from '../recipe.ts'

/** Each holds one executable, of the same name. */
const NAMES = ['pause', 'coredns', 'csi-provisioner', 'csi-attacher'] as const

/** The images of one static executable each, on a layer of certificates and account names. */
export const infraImages: Recipe = {
  name: 'infra-images',
  purpose: 'pause, CoreDNS and CSI sidecar images',
  dependsOn: ['binaries', 'node-rootfs'],
  sources: [
    'lab/artifacts/recipes/infra-images.ts',
    'lab/artifacts/oci-layout.ts',
    'lab/artifacts/image-names.ts',
  ],
  parameters: {},
  tools: { tar: 'Debian package tar' },
  async build(context: BuildContext): Promise<void> {
    const layout = await OciLayout.create(context)
    context.step('packing images')
    const base = join(context.scratchDir, 'base')
    await minimalRoot(base, context.input('node-rootfs'))
    const baseLayer = await layout.addLayer(base)
    for (const image of NAMES) {
      const folder = join(context.scratchDir, image)
      await mkdir(folder)
      await link(join(context.input('binaries'), image), join(folder, image))
      const layer = await layout.addLayer(folder)
      await rm(folder, { recursive: true })
      const { names, standsBehind } = IMAGES[image]
      const layers = image === 'pause' ? [layer] : [baseLayer, layer]
      await layout.addImage(names, layers, { Entrypoint: [`/${image}`] }, standsBehind)
    }
    await layout.finish()
  },
}

/** What a static executable still looks for: accounts, certificates, /tmp. */
async function minimalRoot(folder: string, rootfs: string): Promise<void> {
  for (const path of ['etc/ssl/certs', 'tmp', 'home/nonroot']) {
    await mkdir(join(folder, path), { recursive: true })
  }
  await chmod(join(folder, 'tmp'), 0o1777)
  const accounts =
    'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n'
  const nonroot = 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n'
  await writeFile(join(folder, 'etc/passwd'), accounts + nonroot)
  await writeFile(join(folder, 'etc/group'), 'root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n')
  await writeFile(join(folder, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  await copyCertificates(rootfs, folder)
}

/** Puts Mozilla's certificate authorities where every TLS library looks for them, as one file. */
export async function copyCertificates(fromRoot: string, toRoot: string): Promise<void> {
  const ready = join(fromRoot, 'etc/ssl/certs/ca-certificates.crt')
  const target = join(toRoot, 'etc/ssl/certs/ca-certificates.crt')
  if (existsSync(ready)) {
    await copyFile(ready, target)
  } else {
    // Packages that were only unpacked: their installation script would have made the file.
    const folder = join(fromRoot, 'usr/share/ca-certificates/mozilla')
    const parts = (await readdir(folder)).sort().map((name) => readFile(join(folder, name), 'utf8'))
    await writeFile(target, (await Promise.all(parts)).join(''))
  }
}
