import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

import { ArtifactError } from './artifact-error.ts'
import type { Recipe, RecipeName } from './recipe.ts'

/** The repository's root: the folder that the paths in `sources` start from. */
export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/**
 * The cache keys of recipes: hex digests of their sources, parameters and inputs' keys. Equal keys
 * mean that a build would do the same work; tests, what they share (`testing/`), and documentation
 * beside sources don't count.
 */
export function cacheKeys(recipes: readonly Recipe[]): Map<RecipeName, string> {
  const byName = new Map(recipes.map((recipe) => [recipe.name, recipe]))
  const keys = new Map<RecipeName, string>()
  const keyOf = (name: RecipeName): string => {
    const known = keys.get(name)
    if (known !== undefined) return known
    const recipe = byName.get(name)
    if (recipe === undefined) throw new ArtifactError(`There is no recipe named ${name}.`)
    const hash = createHash('sha256')
    hash.update(JSON.stringify([recipe.name, recipe.parameters]))
    for (const source of [...recipe.sources].sort()) addTo(hash, source)
    for (const input of [...recipe.dependsOn].sort()) hash.update(`${input} ${keyOf(input)}\n`)
    const key = hash.digest('hex').slice(0, 16)
    keys.set(name, key)
    return key
  }
  for (const recipe of recipes) keyOf(recipe.name)
  return keys
}

function addTo(hash: ReturnType<typeof createHash>, source: string): void {
  const path = join(REPOSITORY, source)
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) {
    hash.update(`${source} absent\n`)
  } else if (found.isDirectory()) {
    for (const name of readdirSync(path).sort()) {
      if (!/\.(test\.ts|md)$|^testing$/.test(name)) addTo(hash, join(source, name))
    }
  } else {
    const content = readFileSync(path)
    hash.update(`${source.split(sep).join('/')} ${found.mode & 0o111} ${content.length}\n`)
    hash.update(content)
  }
}
