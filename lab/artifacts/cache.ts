import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, relative, sep } from 'node:path'

import { LabRefusal } from '../std/lab-error.ts'
import { ArtifactError } from './artifact-error.ts'
import { lock } from './lock.ts'
import type { BuildContext, Recipe, RecipeName } from './recipe.ts'
import { runCommand } from './run-command.ts'
import { differences, looksWhole, seal, sealPaths } from './seal.ts'

/** How long to wait for another process that builds the same thing. */
const LOCK_TIMEOUT_MS = 40 * 60_000

/** What a build tells while it goes on. */
export interface ArtifactProgress {
  readonly artifact: RecipeName
  /** What happens now, in a few words. */
  readonly step: string
  /** Since this artifact's turn began. */
  readonly elapsedMs: number
  readonly state: 'present' | 'waiting' | 'building' | 'built' | 'failed'
}

/**
 * The folder of finished artifacts, `<recipe>-<key>/` each with its seal beside it; `tmp/` holds
 * builds under way, `logs/` their output, `locks/` one file per key.
 */
export class Cache {
  readonly root: string

  /** @param root Default `$XDG_CACHE_HOME/zonefall`, or `~/.cache/zonefall`. */
  constructor(root = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'zonefall')) {
    this.root = root
  }

  /** Where the artifact of this recipe and key is, or will be. */
  pathOf(name: RecipeName, key: string): string {
    return join(this.root, `${name}-${key}`)
  }

  /** @throws ArtifactError when the artifact would have to be built and a tool for it is missing. */
  async checkTools(recipe: Recipe, key: string): Promise<void> {
    if (!(await looksWhole(this.pathOf(recipe.name, key)))) requireTools(recipe)
  }

  /**
   * Builds what is missing; returns at once when it is there. Of several processes one builds and
   * the others wait. An interrupted build leaves nothing that counts, and the next one removes it.
   */
  async ensure(
    recipe: Recipe,
    key: string,
    input: (name: RecipeName) => string,
    tell: (progress: ArtifactProgress) => void,
  ): Promise<string> {
    const dir = this.pathOf(recipe.name, key)
    const startedAt = performance.now()
    const say = (state: ArtifactProgress['state'], step: string): void => {
      const elapsedMs = Math.round(performance.now() - startedAt)
      tell({ artifact: recipe.name, step, elapsedMs, state })
    }
    if (await looksWhole(dir)) {
      await markUsed(dir)
      say('present', recipe.purpose)
      return dir
    }
    await using _lock = await lock(join(this.root, 'locks', `${recipe.name}-${key}`), {
      timeoutMs: LOCK_TIMEOUT_MS,
      onWait: () => say('waiting', 'another process is building it'),
    })
    if (await looksWhole(dir)) {
      say('present', 'built by another process')
      return dir
    }
    try {
      await this.#build(recipe, key, dir, input, (step) => say('building', step))
    } catch (error) {
      say('failed', error instanceof Error ? error.message : String(error))
      throw error
    }
    say('built', recipe.purpose)
    return dir
  }

  async #build(
    recipe: Recipe,
    key: string,
    dir: string,
    input: (name: RecipeName) => string,
    step: (text: string) => void,
  ): Promise<void> {
    const startedAt = performance.now()
    await this.#removeLeftovers(recipe.name, key, dir)
    await mkdir(join(this.root, 'tmp'), { recursive: true })
    await mkdir(join(this.root, 'logs'), { recursive: true })
    const workDir = await mkdtemp(join(this.root, 'tmp', `${recipe.name}-${key}-`))
    const logPath = join(this.root, 'logs', `${recipe.name}-${key}.log`)
    await writeFile(logPath, '')
    const context: BuildContext = {
      outDir: join(workDir, 'out'),
      scratchDir: join(workDir, 'scratch'),
      input: (name) => {
        if (recipe.dependsOn.includes(name)) return input(name)
        throw new ArtifactError(`The recipe ${recipe.name} uses ${name} without depending on it.`)
      },
      step,
      run: (command, options) => runCommand(command, logPath, options),
    }
    try {
      await mkdir(context.outDir)
      await mkdir(context.scratchDir)
      await recipe.build(context)
      step('sealing')
      await rename(context.outDir, dir)
      const buildMs = Math.round(performance.now() - startedAt)
      await seal(dir, { recipe: recipe.name, key, buildMs })
    } catch (error) {
      if (error instanceof ArtifactError) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new ArtifactError(`Building ${recipe.name} failed: ${why}; read ${logPath}.`, {
        cause: error,
        log: logPath,
      })
    } finally {
      await rm(workDir, { recursive: true, force: true })
    }
  }

  /** Called with the lock held, so that nobody is building what is removed here. */
  async #removeLeftovers(name: RecipeName, key: string, dir: string): Promise<void> {
    await this.remove(dir)
    for (const entry of await list(join(this.root, 'tmp'))) {
      if (entry.startsWith(`${name}-${key}-`)) {
        await rm(join(this.root, 'tmp', entry), { recursive: true, force: true })
      }
    }
  }

  /** Removes one artifact: its seal first, so that what is half gone never counts as whole. */
  async remove(dir: string): Promise<void> {
    const { seal: sealFile, files } = sealPaths(dir)
    await rm(sealFile, { force: true })
    await rm(files, { force: true })
    await rm(dir, { recursive: true, force: true })
  }

  /**
   * Removes every artifact, half-finished build and log that doesn't belong to `keys`, except what
   * another process is building, what is `inUse` (paths in artifacts), and what was used or built in
   * the last `unusedForMs`. Returns the names of the artifacts removed.
   */
  async prune(
    keys: ReadonlyMap<RecipeName, string>,
    spared: { readonly inUse?: readonly string[]; readonly unusedForMs?: number } = {},
  ): Promise<string[]> {
    const { inUse = [], unusedForMs = 0 } = spared
    const kept = new Set([
      ...[...keys].map(([name, key]) => `${name}-${key}`),
      ...inUse.map((path) => relative(this.root, path).split(sep)[0]),
    ])
    const removed: string[] = []
    const found = new Set<string>()
    for (const folder of ['', 'tmp', 'logs']) {
      for (const entry of await list(join(this.root, folder))) {
        const id = /^[a-z][a-z0-9.-]*-[0-9a-f]{16}/.exec(entry)?.[0]
        if (id !== undefined) found.add(id)
      }
    }
    for (const id of found) {
      if (kept.has(id) || Date.now() - (await this.#lastUsedAt(id)) < unusedForMs) continue
      try {
        await using _lock = await lock(join(this.root, 'locks', id), { timeoutMs: 1 })
        await this.remove(join(this.root, id))
        await rm(join(this.root, 'logs', `${id}.log`), { force: true })
        for (const entry of await list(join(this.root, 'tmp'))) {
          if (entry.startsWith(`${id}-`)) {
            await rm(join(this.root, 'tmp', entry), { recursive: true, force: true })
          }
        }
        removed.push(id)
      } catch (error) {
        if (!(error instanceof ArtifactError)) throw error
      }
    }
    return removed.sort()
  }

  /** When it was last asked for or built, as `Date.now`; 0 when nothing tells. */
  async #lastUsedAt(id: string): Promise<number> {
    const traces = [sealPaths(join(this.root, id)).seal, join(this.root, 'logs', `${id}.log`)]
    const times = traces.map((path) => stat(path).catch(() => ({ mtimeMs: 0 })))
    return Math.max(...(await Promise.all(times)).map(({ mtimeMs }) => mtimeMs))
  }

  /**
   * Reads a built artifact in full and throws an ArtifactError that names what differs from the
   * seal and how to have it built again.
   */
  async verify(name: RecipeName, key: string): Promise<void> {
    const dir = this.pathOf(name, key)
    if (!existsSync(sealPaths(dir).seal)) {
      throw new ArtifactError(`${name} is not built; build it with node lab/artifacts/main.ts.`)
    }
    const wrong = await differences(dir)
    if (wrong.length > 0) {
      throw new ArtifactError(
        `${name} differs from what was built (${wrong.slice(0, 3).join(', ')}${wrong.length > 3 ? `, ${wrong.length - 3} more` : ''}); remove ${dir} and run again to build it anew.`,
      )
    }
  }
}

/** The seal's time tells when the artifact was last asked for. */
async function markUsed(dir: string): Promise<void> {
  const now = new Date()
  await utimes(sealPaths(dir).seal, now, now)
}

function requireTools(recipe: Recipe): void {
  const folders = (process.env['PATH'] ?? '').split(':')
  const missing = Object.entries(recipe.tools).filter(
    ([command]) => !folders.some((folder) => existsSync(join(folder, command))),
  )
  if (missing.length === 0) return
  const named = missing.map(([command, source]) => `${command} (${source})`).join(' and ')
  throw new LabRefusal(
    `Building ${recipe.name} needs ${named} on PATH; install what is missing and try again.`,
  )
}

async function list(dir: string): Promise<string[]> {
  return existsSync(dir) ? readdir(dir) : []
}
