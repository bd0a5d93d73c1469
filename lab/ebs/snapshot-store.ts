import { link, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnapshotSize } from '../ec2/backend.ts'
import { run } from '../std/run.ts'

/** The size of EBS's own blocks (EBS user guide, "Use EBS direct APIs"). */
const BLOCK_BYTES = 512 * 1024
const ZEROES = Buffer.alloc(BLOCK_BYTES)
const NO_BLOCK: ReadonlySet<string> = new Set()
const COPY_TIMEOUT_MS = 10 * 60_000

/**
 * Snapshots as EBS keeps them: a folder each, with a file for each block that isn't all zeroes. A
 * block that is the same in the snapshot before is a hard link to that one's: it is kept once, and
 * for as long as one of them needs it, in whatever order they are removed.
 */
export class SnapshotStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Copies a disk's file as it is now; what writes to it meanwhile must be kept out elsewhere. */
  async capture(file: string, snapshotId: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const options = ['--reflink=auto', '--sparse=auto']
    await run('cp', [...options, file, this.#capturedFile(snapshotId)], {
      timeoutMs: COPY_TIMEOUT_MS,
    })
  }

  /** Splits what was captured into blocks, sharing those that are the same in `parentId`. */
  async keep(snapshotId: string, parentId: string | undefined): Promise<SnapshotSize> {
    const folder = this.#blocksOf(snapshotId)
    const parent = parentId === undefined ? '' : this.#blocksOf(parentId)
    const inParent = parentId === undefined ? NO_BLOCK : new Set(await readdir(parent))
    await mkdir(folder, { recursive: true })
    const captured = this.#capturedFile(snapshotId)
    let [kept, fresh] = [0, 0]
    await using handle = await open(captured, 'r')
    const block = Buffer.alloc(BLOCK_BYTES)
    for (const index of await blocksWithData(captured)) {
      const { bytesRead } = await handle.read(block, 0, BLOCK_BYTES, index * BLOCK_BYTES)
      const content = block.subarray(0, bytesRead)
      if (content.equals(ZEROES.subarray(0, bytesRead))) continue
      const name = String(index)
      kept += 1
      if (inParent.has(name) && content.equals(await readFile(join(parent, name)))) {
        await link(join(parent, name), join(folder, name))
      } else {
        await writeFile(join(folder, name), content)
        fresh += 1
      }
    }
    await rm(captured)
    return { fullBytes: kept * BLOCK_BYTES, newBytes: fresh * BLOCK_BYTES }
  }

  /** Writes a snapshot's blocks into an empty file. */
  async restore(snapshotId: string, file: string): Promise<void> {
    const folder = this.#blocksOf(snapshotId)
    await using handle = await open(file, 'r+')
    for (const name of await readdir(folder)) {
      const content = await readFile(join(folder, name))
      await handle.write(content, 0, content.length, Number(name) * BLOCK_BYTES)
    }
  }

  async remove(snapshotId: string): Promise<void> {
    await rm(this.#capturedFile(snapshotId), { force: true })
    await rm(this.#blocksOf(snapshotId), { recursive: true, force: true })
  }

  #capturedFile(snapshotId: string): string {
    return join(this.#folder, `${snapshotId}.captured`)
  }

  #blocksOf(snapshotId: string): string {
    return join(this.#folder, snapshotId)
  }
}

/** Numbers of the blocks that aren't holes of a sparse file: reading the holes would take longer. */
async function blocksWithData(file: string): Promise<number[]> {
  const lines = (await run('xfs_io', ['-r', '-c', 'seek -a -r 0', file])).split('\n')
  const steps = lines.flatMap((line) => {
    const [, what, offset] = /^(DATA|HOLE)\s+(\d+)$/.exec(line.trim()) ?? []
    return what === undefined ? [] : [{ what, offset: Number(offset) }]
  })
  const indexes = new Set<number>()
  for (const [at, { what, offset: from }] of steps.entries()) {
    if (what !== 'DATA') continue
    // After data there is always a hole, if only the one at the end.
    const to = steps[at + 1]?.offset ?? from
    for (let index = Math.floor(from / BLOCK_BYTES); index * BLOCK_BYTES < to; index++) {
      indexes.add(index)
    }
  }
  return [...indexes]
}
