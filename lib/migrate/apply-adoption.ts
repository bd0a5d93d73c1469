import type { KubernetesObject } from '@kubernetes/client-node'
import { type Cluster, explainApiError, orAbsent } from '../kube/cluster.ts'
import type { ManifestObject } from '../kube/manifests.ts'
import { isClusterScoped } from '../kube/transforms.ts'
import { PreflightError } from '../model/errors.ts'
import { poll } from '../std/poll.ts'
import { type AdoptionObject, MIGRATION_LABEL } from './adoption-objects.ts'
import type { MigrationPlan } from './plan.ts'

/** Who has to know what an adoption does, and when. */
export interface AdoptionListener {
  /** Hears of each object that is created, and of each that was there. */
  readonly tell: (text: string) => void
  /** Called before a StatefulSet is created, whose pods will write to the copies. */
  readonly beforePods: () => Promise<void>
}

/**
 * Creates the volumes and claims of a migration, then what the manifests bring: of both what isn't
 * there. So it can be called again after it was cut off; nothing that is there is changed. What is
 * created carries the migration's label, by which it is found again, but for namespaces: others may
 * put things into them, so that an undo has to leave them.
 *
 * @throws PreflightError for a volume or a claim of that name that another made
 */
export async function applyAdoption(
  cluster: Cluster,
  plan: MigrationPlan,
  adopted: readonly AdoptionObject[],
  manifests: readonly ManifestObject[],
  { tell, beforePods }: AdoptionListener,
): Promise<void> {
  const { namespace, token } = plan
  if (!(await orAbsent(cluster.core.readNamespace({ name: namespace })))) {
    await cluster.core.createNamespace({ body: { metadata: { name: namespace } } })
    tell(`created Namespace ${namespace}`)
  }
  for (const object of adopted) {
    const found = await createOrFind(cluster, object, namespace, tell)
    if (found !== undefined && found.metadata?.labels?.[MIGRATION_LABEL] !== token) {
      throw new PreflightError(
        `${object.kind ?? '?'} ${object.metadata.name} is there already, and this migration did not make it.`,
        { hint: 'Choose another namespace, or delete it.' },
      )
    }
  }
  for (const { object } of manifests) {
    if (object.kind === 'StatefulSet') await beforePods()
    const made = object.kind === 'Namespace' ? object : labelled(object, token)
    await createOrFind(cluster, made, namespace, tell)
  }
}

function labelled(object: ManifestObject['object'], token: string): ManifestObject['object'] {
  const { metadata } = object
  const labels = { ...metadata.labels, [MIGRATION_LABEL]: token }
  return { ...object, metadata: Object.assign({}, metadata, { labels }) }
}

/** Waits until all pods of the StatefulSet are ready. */
export async function awaitAdopted(
  cluster: Cluster,
  { namespace, statefulSet: name, nodes }: MigrationPlan,
): Promise<void> {
  await poll(
    { what: `${nodes.length} pods of ${name} to be Ready`, budget: 'statefulSetReady' },
    async () => {
      const { status } = await cluster.apps.readNamespacedStatefulSet({ namespace, name })
      const ready = status?.readyReplicas ?? 0
      return ready >= nodes.length
        ? { done: true, value: true }
        : { done: false, seen: `${ready} ready` }
    },
  )
}

/** What was there already; undefined when it was created. */
async function createOrFind(
  cluster: Cluster,
  object: KubernetesObject & { readonly metadata: { readonly name: string } },
  namespace: string,
  tell: (text: string) => void,
): Promise<KubernetesObject | undefined> {
  const { apiVersion = '', kind = '', metadata } = object
  const placed = isClusterScoped(kind)
    ? object
    : { ...object, metadata: Object.assign({ namespace }, metadata) }
  const found = await orAbsent(
    cluster.objects.read({ apiVersion, kind, metadata: placed.metadata }),
  )
  if (found) {
    tell(`${kind} ${metadata.name} is there`)
    return found
  }
  try {
    await cluster.objects.create(placed)
  } catch (error) {
    throw new PreflightError(
      `${kind} ${metadata.name} could not be created: ${explainApiError(error)}`,
      { cause: error },
    )
  }
  tell(`created ${kind} ${metadata.name}`)
  return undefined
}
