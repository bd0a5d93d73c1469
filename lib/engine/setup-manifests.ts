import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { loadManifests, type ManifestObject } from '../kube/manifests.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import { PROJECT_ROOT } from './collect.ts'

/** The ways in which databases are set up that these scenarios deploy: their folders' names. */
export function setupsOf(scenarios: readonly Pick<ScenarioInfo, 'id'>[]): string[] {
  return [...new Set(scenarios.map(({ id }) => id.split('/')[0] ?? ''))]
}

/**
 * The manifests of a setup: those that a person gave, else the project's own; none where there are
 * neither.
 *
 * @throws PreflightError for manifests that can't be read
 */
export async function setupManifests(
  setup: string,
  given: Readonly<Record<string, string>>,
): Promise<ManifestObject[]> {
  const path = given[setup] ?? join(PROJECT_ROOT, 'manifests', setup)
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  return isThere ? loadManifests(path) : []
}
