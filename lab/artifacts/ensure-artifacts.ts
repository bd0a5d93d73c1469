import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { Cache } from './cache.ts'
import type { ArtifactProgress } from './cache.ts'
import { cacheKeys } from './cache-key.ts'
import { artifactsInUse } from './in-use.ts'
import { IMAGES_ON_DEMAND, RECIPE_NAMES } from './recipe.ts'
import type { OnDemand, Recipe, RecipeName } from './recipe.ts'
import { ami } from './recipes/ami.ts'
import { binaries } from './recipes/binaries.ts'
import { cassandra3Image } from './recipes/cassandra-3-image.ts'
import { cassandra5Image } from './recipes/cassandra-5-image.ts'
import { cassandraRootfs } from './recipes/cassandra-rootfs.ts'
import { csiDriver } from './recipes/csi-driver.ts'
import { debianPackages } from './recipes/debian-packages.ts'
import { ebsCsiImage } from './recipes/ebs-csi-image.ts'
import { infraImages } from './recipes/infra-images.ts'
import { mysqlImage } from './recipes/mysql-image.ts'
import { nodeImage } from './recipes/node-image.ts'
import { nodeRootfs } from './recipes/node-rootfs.ts'

/** Builds at a time: one that computes, and others that mostly wait for the network or the disk. */
const CONCURRENT_BUILDS = 3

const RECIPES: readonly Recipe[] = [
  binaries,
  nodeRootfs,
  debianPackages,
  infraImages,
  csiDriver,
  ebsCsiImage,
  nodeImage,
  cassandra3Image,
  cassandra5Image,
  mysqlImage,
  cassandraRootfs,
  ami,
]

/** Where the artifacts are: absolute paths of folders that nobody may write to. */
export interface Artifacts {
  /** Static executables: kube-apiserver … kubectl, coredns, csi-provisioner, pause. */
  readonly binaries: string
  /** Root file system of a machine, the lower layer of its overlay. */
  readonly nodeRootfs: string
  /** What lies over it on a machine that runs Cassandra by itself. */
  readonly cassandraRootfs: string
  /** The CSI driver's bundle, a file that Node runs. */
  readonly csiDriver: string
  /** OCI image layouts, for the registry; those of images on demand may not exist. */
  readonly imageLayouts: readonly string[]
  /** A containerd root with every image unpacked, for `seedContainerdRoot`. */
  readonly ami: string
}

export interface EnsureOptions {
  readonly onProgress?: (progress: ArtifactProgress) => void
  /**
   * Build these and what they need; the other paths of the answer may not exist. Default: all but
   * the images on demand.
   */
  readonly only?: readonly RecipeName[]
  /** Build these images, too. */
  readonly onDemand?: readonly OnDemand[]
  readonly cache?: Cache
}

/**
 * Builds what is missing, several at a time, and says where everything is. When all is there it
 * takes milliseconds.
 * @throws ArtifactError for the first build that failed, after those under way have ended.
 */
export async function ensureArtifacts(options: EnsureOptions = {}): Promise<Artifacts> {
  const cache = options.cache ?? new Cache()
  const keys = cacheKeys(RECIPES)
  const onDemand: readonly RecipeName[] = Object.values(IMAGES_ON_DEMAND)
  const always = RECIPES.map(({ name }) => name).filter((name) => !onDemand.includes(name))
  const wanted = withInputs([
    ...(options.only ?? always),
    ...(options.onDemand ?? []).map((name) => IMAGES_ON_DEMAND[name]),
  ])
  const pathOf = (name: RecipeName): string => cache.pathOf(name, keys.get(name) ?? 'none')
  const slots = new Slots(CONCURRENT_BUILDS)
  const runs = new Map<RecipeName, Promise<unknown>>()
  const start = (recipe: Recipe): Promise<unknown> => {
    const known = runs.get(recipe.name)
    if (known !== undefined) return known
    const run = (async () => {
      const inputs = RECIPES.filter(({ name }) => recipe.dependsOn.includes(name))
      await Promise.all(inputs.map(start))
      await slots.take()
      try {
        const tell = options.onProgress ?? (() => {})
        await cache.ensure(recipe, keys.get(recipe.name)!, pathOf, tell)
      } finally {
        slots.give()
      }
    })()
    runs.set(recipe.name, run)
    return run
  }
  const chosen = RECIPES.filter(({ name }) => wanted.has(name))
  // Before anything is built: nobody wants to hear after ten minutes that Go is missing.
  for (const recipe of chosen) await cache.checkTools(recipe, keys.get(recipe.name)!)
  const outcomes = await Promise.allSettled(chosen.map(start))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return {
    binaries: pathOf('binaries'),
    nodeRootfs: pathOf('node-rootfs'),
    cassandraRootfs: pathOf('cassandra-rootfs'),
    csiDriver: join(pathOf('csi-driver'), 'driver.mjs'),
    imageLayouts: RECIPES.filter(
      ({ name }) => name.endsWith('-image') || name.endsWith('-images'),
    ).map(({ name }) => pathOf(name)),
    ami: pathOf('ami'),
  }
}

/** Reads every artifact in full, images on demand if they were built; throws an ArtifactError that names the first that differs. */
export async function verifyArtifacts(cache = new Cache()): Promise<void> {
  const onDemand: readonly RecipeName[] = Object.values(IMAGES_ON_DEMAND)
  for (const [name, key] of cacheKeys(RECIPES)) {
    const isAbsent = onDemand.includes(name) && !existsSync(cache.pathOf(name, key))
    if (!isAbsent) await cache.verify(name, key)
  }
}

/**
 * Removes artifacts of other versions that no running lab uses, or only those of them that were
 * not asked for in the last `unusedForMs`; returns their names.
 */
export async function pruneArtifacts(
  options: { readonly unusedForMs?: number; readonly cache?: Cache } = {},
): Promise<string[]> {
  const { cache = new Cache(), unusedForMs = 0 } = options
  return cache.prune(cacheKeys(RECIPES), { inUse: await artifactsInUse(), unusedForMs })
}

/** The names, and all that they depend on. */
function withInputs(names: readonly RecipeName[]): Set<RecipeName> {
  const wanted = new Set<RecipeName>()
  const add = (name: RecipeName): void => {
    wanted.add(name)
    RECIPES.find((recipe) => recipe.name === name)?.dependsOn.forEach(add)
  }
  names.forEach(add)
  return wanted
}

/** Whether a text names a recipe. */
export function isRecipeName(text: string): text is RecipeName {
  return (RECIPE_NAMES as readonly string[]).includes(text)
}

/** So many at a time, in the order of asking. */
class Slots {
  #free: number
  readonly #queue: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#queue.push(resolve))
  }

  give(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#free += 1
    else next()
  }
}
