import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { mmdebstrap } from '../mmdebstrap.ts'
import type { BuildContext, Recipe } from '../recipe.ts'
import { DEBIAN_SUITES } from '../versions.ts'

/**
 * The packages of each image layer. apt fetches more, by their dependencies; what a layer takes
 * of that is decided where the layer is made.
 */
const SETS = {
  base: [
    'base-files',
    'bash',
    'dash',
    'coreutils',
    'sed',
    'grep',
    'mawk',
    'hostname',
    'netbase',
    'libc-bin',
    'libc6',
    'libstdc++6',
    'ca-certificates',
    'procps',
  ],
  java: ['openjdk-8-jre-headless', 'openjdk-8-jdk-headless'],
  java17: ['openjdk-17-jre-headless'],
  python: ['python3-minimal', 'python3-cassandra', 'python3-wcwidth'],
} as const

export type PackageSet = keyof typeof SETS

/** Debian packages as files, `<set>/*.deb`; what is in `base` is in no other set. */
export const debianPackages: Recipe = {
  name: 'debian-packages',
  purpose: 'packages for the container images',
  dependsOn: [],
  sources: ['lab/artifacts/recipes/debian-packages.ts', 'lab/artifacts/mmdebstrap.ts'],
  parameters: DEBIAN_SUITES.images,
  tools: { mmdebstrap: 'Debian package mmdebstrap', 'apt-config': 'Debian package apt' },
  async build(context: BuildContext): Promise<void> {
    const inBase = new Set<string>()
    for (const [set, packages] of Object.entries(SETS)) {
      context.step(`fetching packages for ${set}`)
      const root = join(context.scratchDir, set)
      const options = ['--variant=extract', '--skip=cleanup/apt/cache,output/dev']
      await mmdebstrap(context, root, DEBIAN_SUITES.images.version, packages, options)
      const archives = join(root, 'var/cache/apt/archives')
      const target = join(context.outDir, set)
      await mkdir(target)
      for (const file of await readdir(archives)) {
        if (!file.endsWith('.deb') || inBase.has(file)) continue
        if (set === 'base') inBase.add(file)
        await rename(join(archives, file), join(target, file))
      }
      await rm(root, { recursive: true })
    }
  },
}

/**
 * Unpacks the packages of a set into `target`, without their installation scripts: all of them,
 * `only` those named, or all `except` those named.
 */
export async function unpack(
  context: BuildContext,
  set: PackageSet,
  target: string,
  choice: { only?: readonly string[]; except?: readonly string[] } = {},
): Promise<void> {
  const folder = join(context.input('debian-packages'), set)
  await mkdir(target, { recursive: true })
  for (const file of (await readdir(folder)).sort()) {
    const name = file.slice(0, file.indexOf('_'))
    if (choice.only?.includes(name) === false || choice.except?.includes(name)) continue
    await context.run(['dpkg-deb', '--extract', join(folder, file), target])
  }
}
