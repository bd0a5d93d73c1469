import type { V1StatefulSet } from '@kubernetes/client-node'
import { type Cluster, explainApiError, orAbsent, statusOf } from '../../kube/cluster.ts'
import type { ManifestObject } from '../../kube/manifests.ts'
import type { TargetDescription } from '../../model/target.ts'
import { CONSENT } from './consent.ts'
import type { ClusterFacts } from './facts.ts'

/** Namespaces where the policy of pods is the strictest; what they refuse is asked of the server. */
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
    podRefusals:
      ours && ours.metadata?.labels?.[ENFORCE] !== undefined
        ? await refusedPods(cluster, namespace, await manifests())
        : [],
  }
}

/** Has the API server judge the pods of StatefulSets by a dry run, which makes nothing. */
async function refusedPods(
  cluster: Cluster,
  namespace: string,
  manifests: readonly ManifestObject[],
): Promise<string[]> {
  const refusals: string[] = []
  for (const { object } of manifests) {
    if (object.kind !== 'StatefulSet') continue
    // Manifests were checked when they were read.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const { spec } = object as unknown as V1StatefulSet
    const pod = spec?.template.spec
    if (!pod) continue
    // The claims are not there yet; a volume of any kind stands for each.
    const claimed = (spec.volumeClaimTemplates ?? []).flatMap(({ metadata }) =>
      metadata?.name === undefined ? [] : [{ name: metadata.name, emptyDir: {} }],
    )
    const labels = spec.template.metadata?.labels ?? {}
    try {
      await cluster.core.createNamespacedPod({
        namespace,
        dryRun: 'All',
        body: {
          metadata: { generateName: 'zonefall-preflight-', labels },
          spec: Object.assign(pod, { volumes: [...(pod.volumes ?? []), ...claimed] }),
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
