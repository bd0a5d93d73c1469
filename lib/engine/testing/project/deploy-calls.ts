import type { FaultContext } from '../../../faults/fault.ts'
import { applyObjects } from '../../../kube/apply.ts'
import { loadManifests } from '../../../kube/manifests.ts'
import { isPodReady } from '../../../kube/pod-state.ts'
import { poll } from '../../../std/poll.ts'
import type { ScenarioControl } from '../../conduct.ts'
import { placeManifests } from '../../place-manifests.ts'

/** Deploys the set of `manifests/cassandra.yaml`, which starts at once, and waits until it is there. */
export async function deployCalls({ run }: ScenarioControl): Promise<void> {
  const { namespace } = run.target
  const manifests = await loadManifests(run.options.manifests['cassandra'] ?? '')
  await applyObjects(run.cluster, run.journal, placeManifests(manifests, run.target, run.id), {
    namespace,
    scope: 'scenario',
  })
  await callsReady({ cluster: run.cluster, namespace })
}

/** Waits until all three are Ready. */
export async function callsReady({
  cluster,
  namespace,
}: Pick<FaultContext, 'cluster' | 'namespace'>): Promise<void> {
  await poll({ what: 'three pods to be Ready', budget: 'statefulSetReady' }, async () => {
    const { items } = await cluster.core.listNamespacedPod({
      namespace,
      labelSelector: 'app=calls',
    })
    const ready = items.filter((pod) => isPodReady(pod)).length
    return ready === 3 ? { done: true, value: true } : { done: false, seen: `${ready} Ready` }
  })
}
