import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { mmdebstrap } from '../mmdebstrap.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { DEBIAN_SUITES } from '../versions.ts'

/** On a machine, beside what minbase brings. */
const PACKAGES = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'etcd-server',
  'nftables',
  'iptables',
  'conntrack',
  'iproute2',
  'procps',
  'kmod',
  'mount',
  'util-linux',
  'util-linux-extra',
  'e2fsprogs',
  'xfsprogs',
  'ca-certificates',
  'libstdc++6',
]

/**
 * The root file system of a machine: a folder, owned by root, to be the lower layer of each
 * machine's overlay. /dev is empty: a machine mounts its own.
 */
export const nodeRootfs: Recipe = {
  name: 'node-rootfs',
  purpose: 'root file system of the machines',
  dependsOn: [],
  sources: ['lab/artifacts/recipes/node-rootfs.ts', 'lab/artifacts/mmdebstrap.ts'],
  parameters: DEBIAN_SUITES.node,
  tools: { mmdebstrap: 'Debian package mmdebstrap', 'apt-config': 'Debian package apt' },
  async build(context: BuildContext): Promise<void> {
    context.step(`installing Debian ${DEBIAN_SUITES.node.version}`)
    const noDocumentation = ['man', 'doc', 'info', 'locale', 'lintian', 'bug'].map(
      (folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`,
    )
    await mmdebstrap(context, context.outDir, DEBIAN_SUITES.node.version, PACKAGES, [
      '--variant=minbase',
      ...noDocumentation,
    ])
    const dev = join(context.outDir, 'dev')
    for (const name of await readdir(dev)) await rm(join(dev, name), { recursive: true })
    // mkdtemp made the folder above with 0700, and mmdebstrap keeps the mode that it finds.
    await chmod(context.outDir, 0o755)
    // The host's files, which mmdebstrap leaves behind; a machine writes its own.
    for (const name of ['etc/resolv.conf', 'etc/hostname']) {
      await rm(join(context.outDir, name), { force: true })
    }
    await writeFile(join(context.outDir, 'etc/machine-id'), '')
    await mkdir(join(context.outDir, 'opt/cni'), { recursive: true })
  },
}
