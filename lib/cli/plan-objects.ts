import { join } from 'node:path'
import { PROJECT_ROOT } from '../engine/collect.ts'
import { findSecrets } from '../engine/find-secrets.ts'
import { neededSecrets } from '../engine/needed-secrets.ts'
import { placeManifests } from '../engine/place-manifests.ts'
import { FUTURE_RUN_ID } from '../engine/planned-calls.ts'
import type { Cluster } from '../kube/cluster.ts'
import { loadManifests, type ManifestObject } from '../kube/manifests.ts'
import { isClusterScoped } from '../kube/transforms.ts'
import { findWorkload } from '../kube/workload.ts'
import type { DatabaseAccess } from '../model/database-access.ts'
import { PreflightError } from '../model/errors.ts'
import type { TargetDescription } from '../model/target.ts'
import { predictVolumes } from '../probes/predict-volumes.ts'
import { SYSTEMS } from './check-options.ts'
import { volumesOf } from './plan-volumes.ts'

/** An object that a run would make, and delete at its end. */
export interface PlannedObject {
  readonly kind: string
  readonly name: string
  /** Absent where the kind has none. */
  readonly namespace?: string
  /** Of a claim: the zone that its volume will be in, and why, as far as that can be told. */
  readonly zone?: string
  readonly why?: string
}

export interface PlannedSystem {
  readonly system: string
  readonly objects: readonly PlannedObject[]
  /** Names of the database's pods, by ordinal. */
  readonly pods: readonly string[]
  /** Of its claims, each as large as it is asked for. */
  readonly volumes: readonly { readonly type: string; readonly gib: number }[]
}

/**
 * What the manifests of a system come to on a target.
 *
 * @param path of the manifests; default: those of the project
 * @param cluster for the zones of claims; undefined when there is none yet
 * @throws PreflightError for Secrets that are nowhere
 */
export async function planSystem(
  system: string,
  target: Pick<TargetDescription, 'kind' | 'namespace'>,
  options: {
    readonly path?: string
    readonly cluster?: Cluster
    readonly access?: DatabaseAccess
    /** Where the run is at home, if that is elsewhere. */
    readonly home?: string
  },
): Promise<PlannedSystem> {
  const { path = join(PROJECT_ROOT, 'manifests', system), cluster } = options
  const objects = placeManifests(await loadManifests(path), target, FUTURE_RUN_ID)
  const workload = findWorkload(objects, SYSTEMS[system]?.port ?? 0, target.namespace)
  const ordinals = Array.from({ length: workload.replicas }, (_, ordinal) => ordinal)
  const predictions = cluster
    ? await predictVolumes(cluster, objects, workload, workload.replicas)
    : []
  const claims = workload.claims.flatMap(({ template }) =>
    ordinals.map((ordinal): PlannedObject => {
      const name = `${template}-${workload.statefulSet}-${ordinal}`
      const prediction = predictions.find(({ claim }) => claim === name)
      return {
        kind: 'PersistentVolumeClaim',
        name,
        namespace: workload.namespace,
        ...(prediction?.zone === undefined ? {} : { zone: prediction.zone }),
        ...(prediction === undefined ? {} : { why: prediction.why }),
      }
    }),
  )
  return {
    system,
    objects: [
      ...(await secretsOf(objects, target.namespace, options)),
      ...objects.map(({ object: { kind = '', metadata } }): PlannedObject => {
        const namespace = isClusterScoped(kind)
          ? undefined
          : (metadata.namespace ?? target.namespace)
        return { kind, name: metadata.name, ...(namespace === undefined ? {} : { namespace }) }
      }),
      ...claims,
    ],
    pods: ordinals.map((ordinal) => `${workload.statefulSet}-${ordinal}`),
    volumes: await volumesOf(objects, workload, cluster),
  }
}

/** The Secrets that a run copies into its namespace; without a cluster all that it may have to. */
async function secretsOf(
  objects: readonly ManifestObject[],
  namespace: string,
  { cluster, access, home }: Pick<Parameters<typeof planSystem>[2], 'cluster' | 'access' | 'home'>,
): Promise<PlannedObject[]> {
  const needed = neededSecrets(objects, access)
  const named = (name: string): PlannedObject => ({ kind: 'Secret', name, namespace })
  if (!cluster) return needed.map(({ name }) => named(name))
  const { toCopy, problems } = await findSecrets(cluster, namespace, needed, home)
  const [problem] = problems
  if (problem) throw new PreflightError(problem.text, { hint: problem.todo })
  return toCopy.map(({ metadata }) => named(metadata?.name ?? ''))
}
