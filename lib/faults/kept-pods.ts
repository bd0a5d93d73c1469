import type { V1Pod } from '@kubernetes/client-node'
import { isPodReady } from '../kube/pod-state.ts'
import type { BudgetName } from '../std/budgets.ts'
import { poll } from '../std/poll.ts'
import type { FaultView } from './fault.ts'

/** A pod that something brings back under its name, and the containers that it had. */
export interface KeptPod {
  readonly name: string
  readonly containerIds: readonly string[]
}

/** A StatefulSet's pods come back under their names; others get new ones. */
export function keptPods(pods: readonly V1Pod[]): KeptPod[] {
  return pods.flatMap((pod) => {
    const owners = pod.metadata?.ownerReferences ?? []
    const name = pod.metadata?.name
    return name !== undefined && owners.some(({ kind }) => kind === 'StatefulSet')
      ? [{ name, containerIds: containerIdsOf(pod) }]
      : []
  })
}

/**
 * Waits until pods of these names are Ready with other containers than before: until a node that
 * was away has reported, the API server shows what was.
 */
export async function keptPodsBack(
  { cluster, namespace }: Pick<FaultView, 'cluster' | 'namespace'>,
  pods: readonly KeptPod[],
  budget: BudgetName = 'podReady',
): Promise<void> {
  if (pods.length === 0) return
  const names = pods.map(({ name }) => name)
  await poll({ what: `pods ${names.join(', ')} to be Ready again`, budget }, async () => {
    const { items } = await cluster.core.listNamespacedPod({ namespace })
    const missing = pods.filter(({ name, containerIds }) => {
      const pod = items.find(({ metadata }) => metadata?.name === name)
      return !pod || !isPodReady(pod) || containerIdsOf(pod).some((id) => containerIds.includes(id))
    })
    return missing.length === 0
      ? { done: true, value: true }
      : { done: false, seen: `not back: ${missing.map(({ name }) => name).join(', ')}` }
  })
}

function containerIdsOf(pod: V1Pod): string[] {
  return (pod.status?.containerStatuses ?? []).flatMap(({ containerID }) => containerID ?? [])
}
