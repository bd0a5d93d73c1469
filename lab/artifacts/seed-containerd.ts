import { constants, copyFile, link, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Folders below a containerd root, as containerd 1.7 lays it out. */
const BLOBS = 'io.containerd.content.v1.content/blobs/sha256'
const METADATA = 'io.containerd.metadata.v1.bolt/meta.db'
const SNAPSHOTTER = 'io.containerd.snapshotter.v1.overlayfs'

/** A read-only bind mount that a machine needs before its containerd starts. */
export interface SeedBind {
  readonly source: string
  /** Below `targetDir`. */
  readonly target: string
}

/**
 * Prepares a machine's containerd root from an AMI, so that it starts with the images present: the
 * databases are copied, blobs share their bytes by hard links, and the files of each unpacked layer
 * are to be bind-mounted, so that all machines read one copy through one page cache. Takes tens of
 * milliseconds.
 * @param targetDir The folder that becomes /var/lib/containerd; must not hold a seed yet.
 */
export async function seedContainerdRoot(
  amiDir: string,
  targetDir: string,
): Promise<{ binds: SeedBind[] }> {
  const folders = [BLOBS, 'io.containerd.content.v1.content/ingest', `${SNAPSHOTTER}/snapshots`]
  for (const folder of folders) await mkdir(join(targetDir, folder), { recursive: true })
  for (const file of [METADATA, `${SNAPSHOTTER}/metadata.db`]) {
    await mkdir(dirname(join(targetDir, file)), { recursive: true, mode: 0o711 })
    await copyFile(join(amiDir, file), join(targetDir, file), constants.COPYFILE_EXCL)
  }
  const binds: SeedBind[] = []
  await Promise.all([
    ...(await readdir(join(amiDir, BLOBS))).map(async (digest) => {
      const bind = await shareFile(join(amiDir, BLOBS, digest), join(targetDir, BLOBS, digest))
      if (bind !== undefined) binds.push(bind)
    }),
    ...(await readdir(join(amiDir, SNAPSHOTTER, 'snapshots'))).map(async (id) => {
      const path = join(SNAPSHOTTER, 'snapshots', id)
      await mkdir(join(targetDir, path, 'fs'), { recursive: true })
      await mkdir(join(targetDir, path, 'work'), { mode: 0o711 })
      binds.push({ source: join(amiDir, path, 'fs'), target: join(targetDir, path, 'fs') })
    }),
  ])
  return { binds: binds.sort((a, b) => (a.target < b.target ? -1 : 1)) }
}

/** By a hard link, or where that can't be because of another file system, by a bind mount. */
async function shareFile(source: string, target: string): Promise<SeedBind | undefined> {
  try {
    await link(source, target)
    return undefined
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error
    await writeFile(target, '')
    return { source, target }
  }
}
