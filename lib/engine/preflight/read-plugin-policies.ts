import { type Cluster, explainApiError, statusOf } from '../../kube/cluster.ts'
import type { PluginPolicies } from './facts.ts'

/**
 * Policies of network plug-ins, and of SIG Network's own newer API, that hold for a whole cluster,
 * and those of a namespace. What they say is in languages of their own, so they are named only.
 */
const KINDS = [
  { group: 'crd.projectcalico.org', kind: 'GlobalNetworkPolicy' },
  { group: 'cilium.io', kind: 'CiliumClusterwideNetworkPolicy' },
  { group: 'networking.k8s.aws', kind: 'ClusterNetworkPolicy' },
  { group: 'policy.networking.k8s.io', kind: 'ClusterNetworkPolicy' },
  { group: 'policy.networking.k8s.io', kind: 'AdminNetworkPolicy' },
  { group: 'policy.networking.k8s.io', kind: 'BaselineAdminNetworkPolicy' },
  { group: 'crd.projectcalico.org', kind: 'NetworkPolicy', isNamespaced: true },
  { group: 'cilium.io', kind: 'CiliumNetworkPolicy', isNamespaced: true },
  { group: 'networking.k8s.aws', kind: 'ApplicationNetworkPolicy', isNamespaced: true },
] as const

/**
 * Which of them there are. Their groups anybody may see; to list them takes rights that a run
 * doesn't need otherwise, and that it does without.
 *
 * @param namespace that the run is to use; undefined: it makes one of its own
 */
export async function readPluginPolicies(
  cluster: Cluster,
  namespace: string | undefined,
): Promise<PluginPolicies> {
  const { groups } = await cluster.groups.getAPIVersions()
  const versions = new Map(
    groups.map(({ name, preferredVersion, versions: all }) => [
      name,
      preferredVersion?.groupVersion ?? all[0]?.groupVersion ?? '',
    ]),
  )
  const found: string[] = []
  const unseen: string[] = []
  for (const { group, kind, ...rest } of KINDS) {
    const version = versions.get(group)
    const isNamespaced = 'isNamespaced' in rest
    if (version === undefined || (isNamespaced && namespace === undefined)) continue
    try {
      const { items } = await cluster.objects.list(
        version,
        kind,
        ...(isNamespaced ? [namespace] : []),
      )
      found.push(...items.map(({ metadata }) => `${kind} ${metadata?.name} (${group})`))
    } catch (error) {
      if (statusOf(error) === 403) unseen.push(`${kind} (${group})`)
      else if (statusOf(error) !== 404 && !isUnknownKind(error)) throw error
    }
  }
  return { found, unseen }
}

/** client-node's word for a kind that a group hasn't. */
function isUnknownKind(error: unknown): boolean {
  return explainApiError(error).includes('Unrecognized API version and kind')
}
