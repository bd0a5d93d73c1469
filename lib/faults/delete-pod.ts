import { InconclusiveError } from '../model/errors.ts'
import { poll, WaitTimeoutError } from '../std/poll.ts'
import { type Cluster, explainApiError, orAbsent, statusOf } from '../kube/cluster.ts'
import type { FaultContext } from './fault.ts'

/** Which pod, by its UID: whoever holds the name later is left alone. */
export interface PodDeletion {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/**
 * Names the pod to delete.
 *
 * @throws InconclusiveError when there is none
 */
export async function planDeletePod(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<PodDeletion> {
  const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
  const uid = pod?.metadata?.uid
  if (uid === undefined) throw new InconclusiveError(`There is no pod ${name} to delete.`)
  return { namespace, name, uid }
}

/** Asks for the deletion, with the pod's own grace period: its preStop hook runs. */
export async function injectDeletePod(context: FaultContext, plan: PodDeletion): Promise<void> {
  const { namespace, name, uid } = plan
  await context.log.change(
    { action: `delete pod ${name} (${uid})`, undo: { kind: 'none' } },
    async () => {
      try {
        await context.cluster.core.deleteNamespacedPod({
          namespace,
          name,
          body: { preconditions: { uid } },
        })
      } catch (error) {
        const status = statusOf(error)
        // Gone already, or another holds the name: what was wanted has happened, but not by us.
        throw new InconclusiveError(`Pod ${name} could not be deleted: ${explainApiError(error)}`, {
          cause: error,
          ...(status === undefined ? {} : { evidence: { status, uid } }),
        })
      }
    },
  )
  context.events.emit({
    kind: 'fault.injected',
    subject: `pod/${name}`,
    text: `Pod ${name} is told to end.`,
  })
}

/**
 * Waits until the pod is gone or another one holds its name.
 *
 * @throws InconclusiveError when it is still there: it drains, or its node doesn't answer
 */
export async function observeDeletePod(context: FaultContext, plan: PodDeletion): Promise<void> {
  const { namespace, name, uid } = plan
  try {
    await poll(
      { what: `pod ${name} (${uid}) to be gone`, budget: 'podGone', intervalMs: 250 },
      async () => {
        const pod = await orAbsent(context.cluster.core.readNamespacedPod({ namespace, name }))
        return pod?.metadata?.uid === uid
          ? { done: false, seen: `still there, phase ${pod.status?.phase ?? '?'}` }
          : { done: true, value: true }
      },
    )
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    throw new InconclusiveError(`The deletion of pod ${name} was not observed.`, {
      cause: error,
      hint: 'Is its node up? Does its preStop hook hang?',
    })
  }
  context.events.emit({
    kind: 'fault.observed',
    subject: `pod/${name}`,
    text: `Pod ${name} is gone.`,
  })
}
