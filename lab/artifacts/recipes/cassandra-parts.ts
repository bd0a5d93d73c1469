import { chmod, copyFile, cp, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { REPOSITORY } from '../cache-key.ts'
import type { BuildContext } from '../recipe.ts'
import { unpack } from './debian-packages.ts'

/** Files that shape every Cassandra image, for `sources`. */
export const CASSANDRA_SOURCES = [
  'lab/artifacts/recipes/cassandra-parts.ts',
  'lab/artifacts/recipes/maven.ts',
  'lab/artifacts/recipes/debian-base.ts',
  'lab/artifacts/recipes/run-inside.ts',
  'lab/artifacts/images/cassandra',
  'lab/artifacts/oci-layout.ts',
  'lab/artifacts/image-names.ts',
]

/** Commands that every Cassandra image needs, for `tools`. */
export const CASSANDRA_TOOLS = {
  mvn: 'Debian package maven',
  'dpkg-deb': 'Debian package dpkg',
  tar: 'Debian package tar',
}

const IMAGE_SOURCES = 'lab/artifacts/images'

/** The class path of jars in /opt/cassandra/lib, Cassandra's own, where most classes are, first. */
export function classPath(jars: readonly string[]): string {
  const rank = (jar: string): number => (jar.startsWith('cassandra-all') ? 0 : 1)
  const inOrder = [...jars].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return inOrder.map((jar) => `/opt/cassandra/lib/${jar}`).join(':')
}

/** Copies setpriv and the library it needs. */
export async function copySetpriv(context: BuildContext, target: string): Promise<void> {
  const utilities = join(context.scratchDir, 'utilities')
  await unpack(context, 'java', utilities, { only: ['util-linux', 'libcap-ng0'] })
  const libraries = 'usr/lib/x86_64-linux-gnu'
  for (const folder of ['usr/bin', libraries])
    await mkdir(join(target, folder), { recursive: true })
  await copyFile(join(utilities, 'usr/bin/setpriv'), join(target, 'usr/bin/setpriv'))
  const keep = { recursive: true, verbatimSymlinks: true }
  for (const file of await readdir(join(utilities, libraries))) {
    if (!file.startsWith('libcap-ng.so')) continue
    await cp(join(utilities, libraries, file), join(target, libraries, file), keep)
  }
}

/**
 * Gives every file the time that a layer will give it: Java takes an archive of classes only beside
 * files of the very times that it was made from.
 */
export async function asInLayer(context: BuildContext, folder: string): Promise<void> {
  const touch = ['-type', 'f', '-exec', 'touch', '-d', '@0', '{}', '+']
  await context.run(['find', folder, ...touch])
}

/** Copies files of `lab/artifacts/images` to their places; all but settings are executable. */
export async function placeFiles(
  target: string,
  places: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [from, to] of Object.entries(places)) {
    const path = join(target, to)
    await mkdir(dirname(path), { recursive: true })
    await copyFile(join(REPOSITORY, IMAGE_SOURCES, from), path)
    await chmod(path, /\.(xml|yaml|properties|options|cnf)$/.test(to) ? 0o644 : 0o755)
  }
}
