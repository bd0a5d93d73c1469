import { stringify } from 'yaml'
import { MIGRATION_RIGHTS, neededRights, type NeededRight } from './needed-rights.ts'

const NAME = 'zonefall'
const apiVersion = 'rbac.authorization.k8s.io/v1'
const apiGroup = 'rbac.authorization.k8s.io'

/**
 * The roles that a run needs, bound to the group `zonefall`, as YAML that kubectl applies.
 *
 * @param namespace that all runs use; without one each makes its own, so it has to be allowed in
 *   every namespace what it does in that
 */
export function accessManifest(namespace?: string): string {
  const rights = neededRights(namespace === undefined)
  const inCluster = rights.filter(({ scope }) => namespace === undefined || scope === 'cluster')
  const inNamespace = rights.filter((right) => !inCluster.includes(right))
  const objects = [
    ...grant('ClusterRole', { name: NAME }, inCluster),
    ...(namespace === undefined ? [] : grant('Role', { name: NAME, namespace }, inNamespace)),
  ]
  return objects.map((object) => stringify(object, { lineWidth: 100 })).join('---\n')
}

/** The role that a migration needs besides, bound to the group `zonefall-migrate`. */
export function migrationManifest(): string {
  const name = `${NAME}-migrate`
  const objects = grant('ClusterRole', { name }, MIGRATION_RIGHTS)
  return objects.map((object) => stringify(object, { lineWidth: 100 })).join('---\n')
}

function grant(
  kind: 'ClusterRole' | 'Role',
  metadata: { readonly name: string; readonly namespace?: string },
  rights: readonly NeededRight[],
): object[] {
  return [
    { apiVersion, kind, metadata, rules: rulesOf(rights) },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup, kind, name: metadata.name },
      // Everybody in this group has the rights: an EKS access entry can name it.
      subjects: [{ apiGroup, kind: 'Group', name: metadata.name }],
    },
  ]
}

/** A rule for each kind of object, with all verbs that are needed for it. */
function rulesOf(rights: readonly NeededRight[]): object[] {
  const verbs = new Map<string, Set<string>>()
  for (const { group, resource, verbs: more } of rights) {
    const key = `${group} ${resource}`
    verbs.set(key, new Set([...(verbs.get(key) ?? []), ...more]))
  }
  return [...verbs].map(([key, all]) => {
    const [group, resource] = key.split(' ')
    return { apiGroups: [group], resources: [resource], verbs: [...all] }
  })
}
