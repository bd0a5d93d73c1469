import type { V1Namespace, V1StatefulSet } from '@kubernetes/client-node'
import { type Cluster, explainApiError, orAbsent, statusOf } from '../../kube/cluster.ts'
import type { ManifestObject } from '../../kube/manifests.ts'
import type { TargetDescription } from '../../model/target.ts'
import { CONSENT } from './consent.ts'
import type { ClusterFacts, PullSecretFact } from './facts.ts'
import { readPluginPolicies } from './read-plugin-policies.ts'

/** By which a namespace has a Pod Security policy of its own. */
const ENFORCE = 'pod-security.kubernetes.io/enforce'

/** Reads all that a cluster says before anything is changed. */
export async function readCluster(
  cluster: Cluster,
  target: TargetDescription,
  clusterUid: string,
  manifests: () => Promise<readonly ManifestObject[]>,
): Promise<ClusterFacts> {
  const { namespace } = target
  const [consent, nodes, namespaces, pods, volumes, deployments, drivers] = await Promise.all([
    orAbsent(cluster.core.readNamespacedConfigMap(CONSENT)),
    cluster.core.listNode(),
    cluster.core.listNamespace(),
    cluster.core.listPodForAllNamespaces(),
    cluster.core.listPersistentVolume(),
    cluster.apps.listDeploymentForAllNamespaces(),
    cluster.storage.listCSIDriver(),
  ])
  const ours = namespaces.items.find(({ metadata }) => metadata?.name === namespace)
  const policies = ours
    ? await cluster.networking.listNamespacedNetworkPolicy({ namespace })
    : undefined
  // A namespace that a run makes has the policy that the API server has for those without a word
  // of their own, which nothing tells; one that is there without it is under the same.
  const asked = ours ?? namespaces.items.find((one) => isLikeNew(one))
  const podsAskedIn = asked?.metadata?.name
  const specs = podsOf(await manifests())
  return {
    target,
    clusterUid,
    consent,
    nodes: nodes.items,
    namespaces: namespaces.items,
    pods: pods.items,
    volumes: volumes.items,
    deployments: deployments.items,
    csiDrivers: drivers.items.flatMap(({ metadata }) => metadata?.name ?? []),
    networkPolicies: policies?.items ?? [],
    podRefusals: podsAskedIn === undefined ? [] : await refusedPods(cluster, podsAskedIn, specs),
    podsAskedIn,
    podLabels: specs.map(({ template }) => template.metadata?.labels ?? {}),
    pullSecret: await readPullSecret(cluster, target, ours ? namespace : CONSENT.namespace),
    pluginPolicies: await readPluginPolicies(cluster, ours && namespace),
  }
}

/** Namespaces that people use; the system's may be exempt from Pod Security. */
function isLikeNew({ metadata }: V1Namespace): boolean {
  return (
    (metadata?.name === CONSENT.namespace || metadata?.name === 'default') &&
    metadata.labels?.[ENFORCE] === undefined
  )
}

async function readPullSecret(
  cluster: Cluster,
  { pulls }: TargetDescription,
  namespace: string,
): Promise<PullSecretFact | undefined> {
  const { pullSecret: name } = pulls ?? {}
  if (name === undefined) return undefined
  const secret = await orAbsent(cluster.core.readNamespacedSecret({ name, namespace }))
  return { name, namespace, secret }
}

type Workload = NonNullable<V1StatefulSet['spec']>

function podsOf(manifests: readonly ManifestObject[]): Workload[] {
  return manifests.flatMap(({ object }) => {
    if (object.kind !== 'StatefulSet') return []
    // Manifests were checked when they were read.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return (object as unknown as V1StatefulSet).spec ?? []
  })
}

/** Has the API server judge the pods of StatefulSets by a dry run, which makes nothing. */
async function refusedPods(
  cluster: Cluster,
  namespace: string,
  workloads: readonly Workload[],
): Promise<string[]> {
  const refusals: string[] = []
  for (const { template, volumeClaimTemplates = [] } of workloads) {
    const pod = template.spec
    if (!pod) continue
    // The claims are not there yet; a volume of any kind stands for each.
    const claimed = volumeClaimTemplates.flatMap(({ metadata }) =>
      metadata?.name === undefined ? [] : [{ name: metadata.name, emptyDir: {} }],
    )
    const labels = template.metadata?.labels ?? {}
    try {
      await cluster.core.createNamespacedPod({
        namespace,
        dryRun: 'All',
        body: {
          metadata: { generateName: 'zonefall-preflight-', labels },
          spec: Object.assign(structuredClone(pod), {
            volumes: [...(pod.volumes ?? []), ...claimed],
          }),
        },
      })
    } catch (error) {
      // Whatever else it has against them it says when they are made.
      const said = /violates PodSecurity.*/s.exec(explainApiError(error))?.[0]
      if (statusOf(error) === undefined) throw error
      if (said !== undefined) refusals.push(said)
    }
  }
  return refusals
}
