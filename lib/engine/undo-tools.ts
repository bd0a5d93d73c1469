import type { KubernetesObject } from '@kubernetes/client-node'
import type { Aws } from '../aws/aws.ts'
import { type Cluster, orAbsent, statusOf } from '../kube/cluster.ts'
import { CleanupError } from '../model/errors.ts'
import type { Undo } from '../model/journal.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import type { BudgetName } from '../std/budgets.ts'
import { poll, type ProbeResult } from '../std/poll.ts'
import type { CapacityControl } from '../targets/lab-capacity.ts'

/** What one undo works with. */
export interface UndoTools {
  readonly cluster: Cluster
  readonly aws: Aws | undefined
  /** Absent where capacity can't be taken away. */
  readonly capacity: CapacityControl | undefined
  readonly startedAtEpochMs: number
  /** Whether the cluster is the run's alone: then a name is enough to know what it made. */
  readonly isLab: boolean
  readonly runId: string
  readonly signal: AbortSignal
  /** The run's changes of the same kind as this one: those that are due beside it, and all of them. */
  siblings(): { readonly due: readonly Undo[]; readonly all: readonly Undo[] }
}

/**
 * AWS, for an undo that is nothing without it.
 *
 * @throws CleanupError
 */
export function needAws({ aws }: Pick<UndoTools, 'aws'>): Aws {
  if (!aws) {
    throw new CleanupError('The run has no access to AWS, where this change was made.', {
      hint: 'Is "aws" missing from the target in its run.json?',
    })
  }
  return aws
}

/**
 * Whether an object is what a run made: by its UID where the journal has it, else by the run's
 * label, or in the lab by its name. Whatever else holds that name is somebody else's.
 */
export function isOurs(
  found: KubernetesObject,
  uid: string | undefined,
  { isLab, runId }: Pick<UndoTools, 'isLab' | 'runId'>,
): boolean {
  if (uid !== undefined) return found.metadata?.uid === uid
  return isLab || found.metadata?.labels?.[RUN_LABEL] === runId
}

/** Waits until `look` finds nothing; what it finds is what the time-out message shows. */
export async function untilGone(
  what: string,
  budget: BudgetName,
  signal: AbortSignal,
  look: () => Promise<string | undefined>,
): Promise<void> {
  await poll({ what: `${what} to be gone`, owner: 'undo', budget, signal }, async () => {
    const seen = await look()
    const result: ProbeResult<true> =
      seen === undefined ? { done: true, value: true } : { done: false, seen }
    return result
  })
}

/**
 * Deletes an object if it is still the one with this uid: by now somebody may have put another under
 * that name, which stays.
 *
 * @returns whether it is gone or going; false when another has its name
 */
export async function deleteByUid(
  { objects }: Pick<Cluster, 'objects'>,
  header: Parameters<Cluster['objects']['delete']>[0],
  uid: string | undefined,
  policy: 'Foreground' | 'Background',
): Promise<boolean> {
  const preconditions = uid === undefined ? {} : { uid }
  try {
    await orAbsent(
      objects.delete(header, undefined, undefined, undefined, undefined, policy, { preconditions }),
    )
    return true
  } catch (error) {
    if (statusOf(error) === 409) return false
    throw error
  }
}

/** Why an object that is being deleted is still there, as far as it says. */
export function describeRemains(object: KubernetesObject): string {
  const { deletionTimestamp, finalizers = [] } = object.metadata ?? {}
  const state = deletionTimestamp === undefined ? 'not being deleted' : 'being deleted'
  return `still there, ${state}, finalizers: ${finalizers.join(', ') || 'none'}`
}
