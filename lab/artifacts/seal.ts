import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile, readlink, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { z } from 'zod'

/** What is looked at, not read, at every use; written last, so its presence means "complete". */
const Seal = z.object({
  recipe: z.string(),
  key: z.string(),
  builtAt: z.string(),
  buildMs: z.number(),
  bytes: z.number(),
  /** The largest files: path → [size in bytes, mtime in ms]. */
  landmarks: z.record(z.string(), z.tuple([z.number(), z.number()])),
})
type Seal = z.infer<typeof Seal>

/** Every file: path → [sha256, or the target of a link; size in bytes; mtime in ms]. */
const FileList = z.record(z.string(), z.tuple([z.string(), z.number(), z.number()]))
type FileList = z.infer<typeof FileList>

const LANDMARKS = 200

/** The two files beside an artifact's folder. */
export function sealPaths(dir: string): { seal: string; files: string } {
  return { seal: `${dir}.json`, files: `${dir}.files.json` }
}

/** Reads every file below `dir` and seals it; from then on the artifact counts as built. */
export async function seal(
  dir: string,
  about: { recipe: string; key: string; buildMs: number },
): Promise<void> {
  const files: FileList = {}
  let bytes = 0
  for await (const path of walk(dir)) {
    const entry = await describe(join(dir, path))
    if (entry === undefined) continue
    files[path] = entry
    bytes += entry[1]
  }
  const landmarks = Object.fromEntries<[number, number]>(
    Object.entries(files)
      .sort((a, b) => b[1][1] - a[1][1])
      .slice(0, LANDMARKS)
      .map(([path, [, size, mtimeMs]]) => [path, [size, mtimeMs]]),
  )
  const content: Seal = { ...about, builtAt: new Date().toISOString(), bytes, landmarks }
  await writeFile(sealPaths(dir).files, JSON.stringify(files))
  const temporary = `${sealPaths(dir).seal}.tmp`
  await writeFile(temporary, JSON.stringify(content))
  await rename(temporary, sealPaths(dir).seal)
}

/**
 * Whether the artifact in `dir` is complete as far as a look can tell: sealed, and its largest
 * files have the sealed size and time. Takes milliseconds; `differences` reads everything.
 */
export async function looksWhole(dir: string): Promise<boolean> {
  try {
    const { landmarks } = await sealed(dir)
    const checks = await Promise.all(
      Object.entries(landmarks).map(async ([path, [size, mtimeMs]]) => {
        const found = await lstat(join(dir, path))
        return found.size === size && Math.abs(found.mtimeMs - mtimeMs) < 1
      }),
    )
    return checks.every(Boolean)
  } catch {
    return false
  }
}

/** Reads every sealed file again and lists what is missing, changed or added, one line each. */
export async function differences(dir: string): Promise<string[]> {
  const files = FileList.parse(JSON.parse(await readFile(sealPaths(dir).files, 'utf8')))
  const wrong: string[] = []
  const left = new Set(Object.keys(files))
  for await (const path of walk(dir)) {
    const entry = await describe(join(dir, path))
    if (entry === undefined) continue
    const before = files[path]
    left.delete(path)
    if (before === undefined) wrong.push(`added: ${path}`)
    else if (before[0] !== entry[0]) wrong.push(`changed: ${path}`)
  }
  return [...wrong, ...[...left].map((path) => `missing: ${path}`)]
}

/** The seal of a built artifact; throws if there is none. */
async function sealed(dir: string): Promise<Seal> {
  return Seal.parse(JSON.parse(await readFile(sealPaths(dir).seal, 'utf8')))
}

async function* walk(dir: string, below = ''): AsyncGenerator<string> {
  const entries = await readdir(join(dir, below), { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(below, entry.name)
    if (entry.isDirectory()) yield* walk(dir, path)
    else yield path
  }
}

async function describe(path: string): Promise<[string, number, number] | undefined> {
  const found = await lstat(path)
  if (found.isSymbolicLink()) return [`-> ${await readlink(path)}`, found.size, found.mtimeMs]
  if (!found.isFile()) return undefined
  return [await sha256(path), found.size, found.mtimeMs]
}

/** Digest of a file's content, in hex. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
