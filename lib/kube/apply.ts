import type { KubernetesObject } from '@kubernetes/client-node'
import { PreflightError } from '../model/errors.ts'
import type { UndoScope } from '../model/journal.ts'
import type { ChangeLog } from './changes.ts'
import { type Cluster, explainApiError, orAbsent } from './cluster.ts'
import type { ManifestObject } from './manifests.ts'
import { isClusterScoped } from './transforms.ts'
import { findClaimsOfSet, isClaimNameOf } from './claim-selector.ts'

export interface ApplyOptions {
  /** Where objects go that name no namespace. */
  readonly namespace: string
  readonly scope: UndoScope
  /** What the journal attributes the changes to; default: the scenario that this code runs in. */
  readonly scenario?: string
}

/** What has to be there before what: the rest comes before workloads, in the manifests' order. */
const ORDER = ['Namespace', 'StorageClass', 'ServiceAccount', 'Secret', 'ConfigMap', 'Service']
const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob']

/**
 * Creates objects, each noted in the journal beforehand, in an order in which they find what they
 * need. Undone youngest first, a StatefulSet goes before its claims, and its StorageClass last.
 *
 * @throws PreflightError when one of them exists, or a claim that a StatefulSet would adopt:
 *   zonefall never changes what it did not make. Nothing was created then.
 */
export async function applyObjects(
  cluster: Cluster,
  log: ChangeLog,
  manifests: readonly ManifestObject[],
  options: ApplyOptions,
): Promise<void> {
  const objects = manifests.map(({ object }) => place(object, options.namespace))
  await refuseExisting(cluster, objects)
  const about = {
    scope: options.scope,
    ...(options.scenario === undefined ? {} : { scenario: options.scenario }),
  }
  for (const namespace of await missingNamespaces(cluster, objects)) {
    await create(
      cluster,
      log,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      about,
    )
  }
  for (const object of objects.toSorted((a, b) => rank(a) - rank(b))) {
    const claims = findClaimsOfSet(object)
    const namespace = object.metadata?.namespace
    if (claims !== undefined && namespace !== undefined) {
      // The claims are the controller's doing, so they are journaled before it has anything to do.
      await log.change(
        {
          ...about,
          action: `let StatefulSet ${object.metadata?.name ?? ''} make its claims`,
          undo: {
            kind: 'delete-claims',
            namespace,
            selector: claims.selector,
            prefixes: claims.prefixes,
          },
        },
        () => Promise.resolve(),
      )
    }
    await create(cluster, log, object, about)
  }
}

async function create(
  cluster: Cluster,
  log: ChangeLog,
  object: KubernetesObject,
  about: { readonly scope: UndoScope; readonly scenario?: string },
): Promise<void> {
  const { apiVersion = '', kind = '', metadata } = object
  const name = metadata?.name ?? ''
  await log.change(
    {
      ...about,
      action: `create ${kind} ${name}`,
      undo: {
        kind: 'delete-object',
        apiVersion,
        objectKind: kind,
        ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
        name,
        awaitGone: true,
      },
    },
    async () => {
      try {
        return await cluster.objects.create(object)
      } catch (error) {
        throw new PreflightError(
          `${kind} ${name} could not be created: ${explainApiError(error)}`,
          {
            cause: error,
          },
        )
      }
    },
  )
}

function place(object: KubernetesObject, namespace: string): KubernetesObject {
  if (isClusterScoped(object.kind ?? '')) return object
  const metadata = Object.assign({}, object.metadata)
  metadata.namespace ??= namespace
  return { ...object, metadata }
}

async function refuseExisting(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
): Promise<void> {
  const there: string[] = []
  for (const { apiVersion, kind, metadata } of objects) {
    const header = {
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(kind === undefined ? {} : { kind }),
      metadata: {
        name: metadata?.name ?? '',
        ...(metadata?.namespace === undefined ? {} : { namespace: metadata.namespace }),
      },
    }
    if (await orAbsent(cluster.objects.read(header))) {
      there.push(`${kind ?? '?'} ${metadata?.name ?? '?'}`)
    }
  }
  for (const object of objects) there.push(...(await claimsInTheWay(cluster, object)))
  if (there.length === 0) return
  throw new PreflightError(
    `${there.join(', ')} ${there.length === 1 ? 'exists' : 'exist'} already, and zonefall never touches what it did not make.`,
    {
      hint: 'If an interrupted run left them: npx zonefall cleanup. If they are somebody else’s: choose another --namespace.',
    },
  )
}

/** Claims that a StatefulSet would take over, and that would go with it. */
async function claimsInTheWay(cluster: Cluster, object: KubernetesObject): Promise<string[]> {
  const claims = findClaimsOfSet(object)
  const namespace = object.metadata?.namespace
  if (claims === undefined || namespace === undefined) return []
  const { core } = cluster
  const [{ items: all }, { items: matching }] = await Promise.all([
    core.listNamespacedPersistentVolumeClaim({ namespace }),
    core.listNamespacedPersistentVolumeClaim({ namespace, labelSelector: claims.anybodys }),
  ])
  const names = (items: readonly KubernetesObject[]): string[] =>
    items.map(({ metadata }) => metadata?.name ?? '')
  const adopted = names(all).filter((name) => isClaimNameOf(claims.prefixes, name))
  return [...new Set([...adopted, ...names(matching)])].map(
    (name) => `PersistentVolumeClaim ${name}`,
  )
}

async function missingNamespaces(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
): Promise<string[]> {
  const brought = objects.filter(({ kind }) => kind === 'Namespace').map((o) => o.metadata?.name)
  const needed = new Set(
    objects.map(({ metadata }) => metadata?.namespace).filter((name) => name !== undefined),
  )
  const missing: string[] = []
  for (const name of needed) {
    if (brought.includes(name)) continue
    if (!(await orAbsent(cluster.core.readNamespace({ name })))) missing.push(name)
  }
  return missing
}

function rank({ kind = '' }: KubernetesObject): number {
  const index = ORDER.indexOf(kind)
  if (index >= 0) return index
  return WORKLOADS.includes(kind) ? ORDER.length + 1 : ORDER.length
}
