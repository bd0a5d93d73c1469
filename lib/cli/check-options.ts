import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PROJECT_ROOT } from '../engine/collect.ts'
import { loadManifests } from '../kube/manifests.ts'
import { findWorkload } from '../kube/workload.ts'
import { PreflightError } from '../model/errors.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import { nearest } from '../std/nearest.ts'

/** What `--manifests NAME=` can stand in for: folders of manifests/, and the port of each. */
export const SYSTEMS: Readonly<Record<string, { readonly port: number }>> = {
  cassandra: { port: 9042 },
  'cassandra-migrated': { port: 9042 },
  'cassandra-zone-aware': { port: 9042 },
  mysql: { port: 3306 },
  'mysql-semisync': { port: 3306 },
}

/**
 * The full paths of `--manifests`. What the chosen scenarios will deploy, given or not, is read and
 * checked: nobody should wait for a lab to hear of a typing error.
 *
 * @throws PreflightError for an unknown name, a path that is not there, and manifests that don't do
 */
export async function checkManifests(
  given: Readonly<Record<string, string>>,
  selected: readonly ScenarioInfo[],
): Promise<Record<string, string>> {
  const resolved: Record<string, string> = {}
  for (const [name, path] of Object.entries(given)) {
    if (!(name in SYSTEMS)) throw unknownWord('--manifests knows no', name, Object.keys(SYSTEMS))
    const full = resolve(path)
    const found = await stat(full).catch(() => undefined)
    if (!found) throw new PreflightError(`--manifests ${name}: there is no file or folder ${full}.`)
    resolved[name] = full
  }
  for (const [name, { port }] of Object.entries(SYSTEMS)) {
    const isUsed = selected.some(({ id }) => id.startsWith(`${name}/`))
    if (!isUsed && resolved[name] === undefined) continue
    const path = resolved[name] ?? join(PROJECT_ROOT, 'manifests', name)
    findWorkload(await loadManifests(path), port)
  }
  return resolved
}

/**
 * The planted defect that the environment asks for, if it does.
 *
 * @throws PreflightError elsewhere than on the lab: it destroys what it is let at
 */
export function checkSabotage(
  target: string,
  name: string | undefined = process.env['ZONEFALL_SABOTAGE'],
): string | undefined {
  if (name === undefined || name === '') return undefined
  if (target === 'lab') return name
  throw new PreflightError(
    `ZONEFALL_SABOTAGE=${name} is refused on a target that is not the lab.`,
    {
      hint: 'Unset it, or leave --target away.',
    },
  )
}

/**
 * Checks the tags of `--require`.
 *
 * @throws PreflightError for one that no scenario has: requiring it would mean nothing
 */
export function checkRequired(tags: readonly string[], known: readonly ScenarioInfo[]): void {
  const there = [...new Set(known.flatMap(({ options }) => options.tags))].toSorted()
  for (const tag of tags) {
    if (!there.includes(tag)) throw unknownWord('--require knows no', tag, there)
  }
}

function unknownWord(what: string, word: string, choices: readonly string[]): PreflightError {
  const guess = nearest(word, choices)
  return new PreflightError(`${what} ${word}.`, {
    hint:
      (guess === undefined ? '' : `Did you mean ${guess}? `) +
      `There are: ${choices.join(', ') || 'none'}.`,
  })
}
