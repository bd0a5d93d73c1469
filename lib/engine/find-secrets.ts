import type { V1Secret } from '@kubernetes/client-node'
import { type Cluster, orAbsent, statusOf } from '../kube/cluster.ts'
import type { ManifestObject } from '../kube/manifests.ts'
import type { AccessBySystem } from '../model/database-access.ts'
import { PreflightError } from '../model/errors.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import type { ScenarioInfo } from '../model/scenario.ts'
import { type NeededSecret, neededSecrets } from './needed-secrets.ts'
import { CONSENT } from './preflight/consent.ts'
import { setupManifests, setupsOf } from './setup-manifests.ts'

/** What is known of the Secrets that a database needs. */
export interface FoundSecrets {
  /** Those that are not where the database goes, and are copied there. */
  readonly toCopy: readonly V1Secret[]
  /** What is missing. */
  readonly problems: readonly { readonly text: string; readonly todo: string }[]
}

/**
 * Looks for Secrets where a database goes, and for what is not there in the namespace `zonefall`,
 * where whoever lets a run at the cluster puts what it may copy. It changes nothing.
 *
 * @param home where the run is at home, for a file that has a namespace of its own
 */
export async function findSecrets(
  cluster: Cluster,
  namespace: string,
  needed: readonly NeededSecret[],
  home = namespace,
): Promise<FoundSecrets> {
  const toCopy: V1Secret[] = []
  const problems: { text: string; todo: string }[] = []
  for (const { name, keys } of needed) {
    const here = await readIfAllowed(cluster, name, namespace)
    const found =
      here ??
      (home === namespace ? undefined : await readIfAllowed(cluster, name, home)) ??
      (await readIfAllowed(cluster, name, CONSENT.namespace))
    const kubectl = `kubectl --context ${cluster.context} -n ${CONSENT.namespace}`
    if (!found) {
      problems.push({
        text: `The Secret ${name} that the database needs is neither in its manifests nor in namespace ${CONSENT.namespace}, from which a run copies it.`,
        todo: `${kubectl} create secret generic ${name} ${fromFiles(keys)}`,
      })
      continue
    }
    const lacking = keys.filter((key) => found.data?.[key] === undefined)
    if (lacking.length > 0) {
      problems.push({
        text: `The Secret ${name} in namespace ${found.metadata?.namespace ?? '?'} has no ${lacking.join(' and no ')}, only ${Object.keys(found.data ?? {}).join(', ') || 'nothing'}.`,
        todo: 'Name the keys that it has, in zonefall.config.ts or in the manifests.',
      })
    } else if (!here) toCopy.push(found)
  }
  return { toCopy, problems }
}

/** As files, for a password on a command line is in the shell's history. */
function fromFiles(keys: readonly string[]): string {
  return keys.length === 0
    ? '--from-file=FILE'
    : keys.map((key) => `--from-file=${key}=FILE`).join(' ')
}

/** Secrets as a run makes them in its namespace, under the names that they have. */
export function secretCopies(secrets: readonly V1Secret[], runId: string): ManifestObject[] {
  return secrets.map(({ metadata, data, type }) => ({
    origin: `namespace ${metadata?.namespace ?? CONSENT.namespace}`,
    object: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: metadata?.name ?? '', labels: { [RUN_LABEL]: runId } },
      ...(data === undefined ? {} : { data }),
      ...(type === undefined ? {} : { type }),
    },
  }))
}

/**
 * Sees that everything that the scenarios' databases need is there, before anything is touched.
 *
 * @throws PreflightError with the first Secret, or key of one, that is missing
 */
export async function refuseMissingSecrets(
  cluster: Cluster,
  namespace: string,
  {
    selected,
    manifests,
    access = {},
  }: {
    readonly selected: readonly ScenarioInfo[]
    readonly manifests: Readonly<Record<string, string>>
    readonly access?: AccessBySystem | undefined
  },
): Promise<void> {
  for (const setup of setupsOf(selected)) {
    const needed = neededSecrets(await setupManifests(setup, manifests), access[setup])
    const [problem] = (await findSecrets(cluster, namespace, needed)).problems
    if (problem) throw new PreflightError(problem.text, { hint: problem.todo })
  }
}

/** With rights in one namespace alone, others' Secrets can't be read, and need not be. */
async function readIfAllowed(
  cluster: Cluster,
  name: string,
  namespace: string,
): Promise<V1Secret | undefined> {
  try {
    return await orAbsent(cluster.core.readNamespacedSecret({ name, namespace }))
  } catch (error) {
    if (statusOf(error) === 403) return undefined
    throw error
  }
}
