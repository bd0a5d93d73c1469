import { glob } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type ScenarioInfo, type ScenarioOptions, unknownWord } from '../model/scenario.ts'
import { PreflightError } from '../model/errors.ts'
import { slug } from '../std/ids.ts'

/** While the array under this symbol exists, `scenario()` pushes what it declares and runs nothing. */
export const COLLECT = Symbol.for('zonefall.collect')

/** The root of the project: scenarios, manifests and lib are below it. */
export const PROJECT_ROOT = join(import.meta.dirname, '../..')

const SUFFIX = '.scenario.ts'

/** A file's part of its scenarios' ids: `cassandra/failover` of `scenarios/cassandra/failover.scenario.ts`. */
export function fileStem(file: string): string {
  const path = file.split(sep).join('/')
  const below = path.slice(path.lastIndexOf('scenarios/') + 'scenarios/'.length)
  return below.endsWith(SUFFIX) ? below.slice(0, -SUFFIX.length) : below
}

/** A scenario's id: `<system>/<file>/<slug of the claim>`. */
export function scenarioId(file: string, claim: string): string {
  return `${fileStem(file)}/${slug(claim)}`
}

/** What `scenario()` makes of its declaration; `file` may be absolute or a file: URL. */
export function scenarioInfo(file: string, claim: string, options: ScenarioOptions): ScenarioInfo {
  const path = file.startsWith('file:') ? decodeURIComponent(new URL(file).pathname) : file
  const shown = path.startsWith(sep) ? relative(PROJECT_ROOT, path) : path
  return { id: scenarioId(shown, claim), file: shown.split(sep).join('/'), claim, options }
}

/**
 * All scenarios of the project in the order of their files and in each file's own, found by
 * importing the files without running anything.
 *
 * @throws PreflightError when a file can't be imported or two scenarios share an id.
 */
export async function collectScenarios(root: string = PROJECT_ROOT): Promise<ScenarioInfo[]> {
  const files: string[] = []
  for await (const file of glob(`scenarios/**/*${SUFFIX}`, { cwd: root })) files.push(file)
  const found: ScenarioInfo[] = []
  Reflect.set(globalThis, COLLECT, found)
  try {
    for (const file of files.toSorted()) {
      try {
        await import(pathToFileURL(join(root, file)).href)
      } catch (error) {
        throw new PreflightError(`The scenario file ${file} can't be imported.`, { cause: error })
      }
    }
  } finally {
    Reflect.deleteProperty(globalThis, COLLECT)
  }
  const ids = new Set<string>()
  for (const { id, file, options } of found) {
    const unknown = unknownWord(options)
    if (unknown) {
      throw new PreflightError(`${file}: ${unknown.said}.`, {
        hint: `There are: ${unknown.known.join(', ')}.`,
      })
    }
    if (ids.has(id)) {
      throw new PreflightError(`Two scenarios have the id ${id}; the second is in ${file}.`, {
        hint: 'Word one claim differently.',
      })
    }
    ids.add(id)
  }
  return found
}
