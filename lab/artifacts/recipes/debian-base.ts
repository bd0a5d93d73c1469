import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { BuildContext } from '../recipe.ts'
import { unpack } from './debian-packages.ts'
import { copyCertificates } from './infra-images.ts'

/** What apt brings along for installation scripts that never run here. */
const UNUSED = [
  'openssl',
  'openssl-provider-legacy',
  'debconf',
  'libc-gconv-modules-extra',
  'gcc-16-base',
]

/** Nobody reads these in a container; patterns of tar, from the root. */
export const NOT_PACKED = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'usr/share/lintian',
  'usr/share/bug',
  'usr/share/bash-completion',
  'usr/share/menu',
  'usr/share/applications',
  'usr/lib/x86_64-linux-gnu/gconv',
  'usr/lib/x86_64-linux-gnu/perl*',
  'usr/share/ca-certificates',
  'proc',
  'sys',
  'dev',
]

/**
 * Unpacks the lowest layer of the images that need a C library: shell, core tools, certificates.
 * Equal packages give an equal layer, so that images share it.
 */
export async function debianBase(context: BuildContext, root: string): Promise<void> {
  await unpack(context, 'base', root, { except: UNUSED })
  await mkdir(join(root, 'etc/ssl/certs'), { recursive: true })
  await copyCertificates(root, root)
  // Java asks this file which file systems there are.
  await symlink('../proc/self/mounts', join(root, 'etc/mtab'))
  const files = {
    'etc/passwd': [
      'root:x:0:0:root:/root:/bin/bash',
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    ],
    'etc/group': ['root:x:0:', 'tty:x:5:', 'nogroup:x:65534:'],
    'etc/nsswitch.conf': ['passwd: files', 'group: files', 'hosts: files dns', 'services: files'],
  }
  for (const [path, lines] of Object.entries(files)) {
    await writeFile(join(root, path), `${lines.join('\n')}\n`)
  }
}
