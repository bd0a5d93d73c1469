import { accessOf, type Settings } from '../config/settings.ts'
import { findSecrets } from '../engine/find-secrets.ts'
import { neededSecrets } from '../engine/needed-secrets.ts'
import { CONSENT } from '../engine/preflight/consent.ts'
import { setupManifests } from '../engine/setup-manifests.ts'
import { Cluster, explainApiError } from '../kube/cluster.ts'
import type { Finding } from './doctor.ts'

/**
 * Whether the Secrets are there that the databases of the settings need; nothing of settings that
 * need none.
 *
 * @param namespace that a run is to use; undefined: it makes one, and copies them
 */
export async function checkSecrets(
  { kubeconfig, context }: { readonly kubeconfig: string; readonly context: string },
  namespace: string | undefined,
  settings: Settings,
): Promise<Finding[]> {
  const access = accessOf(settings)
  const cluster = await Cluster.connect({ kubeconfig, context })
  const findings: Finding[] = []
  for (const [setup, database] of Object.entries(settings.databases ?? {})) {
    const given = database.manifests === undefined ? {} : { [setup]: database.manifests }
    try {
      const needed = neededSecrets(await setupManifests(setup, given), access[setup])
      if (needed.length === 0) continue
      const found = await findSecrets(cluster, namespace ?? CONSENT.namespace, needed)
      const names = needed.map(({ name }) => name).join(', ')
      findings.push(
        ...found.problems.map((problem): Finding => ({
          check: `Secrets of ${setup}`,
          state: 'problem',
          ...problem,
        })),
        ...(found.problems.length === 0
          ? [{ check: `Secrets of ${setup}`, state: 'ok', text: names } as const]
          : []),
      )
    } catch (error) {
      findings.push({
        check: `Secrets of ${setup}`,
        state: 'problem',
        text: explainApiError(error),
        todo: `Look at databases.${setup} in zonefall.config.ts.`,
      })
    }
  }
  return findings
}
