import { explainApiError, orAbsent, statusOf } from '../kube/cluster.ts'
import { InconclusiveError } from '../model/errors.ts'
import { poll } from '../std/poll.ts'
import { type Fault, type FaultPlan, healByUndo } from './fault.ts'
import { type KeptPod, keptPods, keptPodsBack } from './kept-pods.ts'

export interface DeletionWish {
  readonly pod: string
  /** Which of that name; default: the one that has it now. */
  readonly uid?: string
}

/** Which pod, by its UID: whoever holds the name later is left alone. */
export interface DeletionPlan extends FaultPlan {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly kept: readonly KeptPod[]
}

/** Tells a pod to end, with its own grace period: its preStop hook runs. Its owner replaces it. */
export const deletePod: Fault<DeletionWish, DeletionPlan> = {
  name: 'delete-pod',
  hint: 'Is its node up? Does its preStop hook hang?',
  plan: async ({ cluster, namespace }, { pod: name, uid: wanted }) => {
    const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
    const uid = pod?.metadata?.uid
    if (!pod || uid === undefined || uid !== (wanted ?? uid)) {
      const which = wanted === undefined ? '' : ` (${wanted})`
      throw new InconclusiveError(`There is no pod ${name}${which} to delete.`)
    }
    return {
      subject: `pod/${name}`,
      text: `Delete pod ${name} (${uid}).`,
      touches: [`pod/${name}`],
      namespace,
      name,
      uid,
      kept: keptPods([pod]),
    }
  },
  inject: async (context, { namespace, name, uid }) => {
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
          throw new InconclusiveError(
            `Pod ${name} could not be deleted: ${explainApiError(error)}`,
            { cause: error, ...(status === undefined ? {} : { evidence: { status, uid } }) },
          )
        }
      },
    )
    return { changes: [] }
  },
  observe: async ({ cluster }, { namespace, name, uid }) => {
    await poll(
      { what: `pod ${name} (${uid}) to be gone`, budget: 'podGone', intervalMs: 250 },
      async () => {
        const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
        return pod?.metadata?.uid === uid
          ? { done: false, seen: `still there, phase ${pod.status?.phase ?? '?'}` }
          : { done: true, value: true }
      },
    )
    return { text: `Pod ${name} is gone.`, data: { uid } }
  },
  heal: healByUndo,
  recovered: (context, { kept }) => keptPodsBack(context, kept),
}
