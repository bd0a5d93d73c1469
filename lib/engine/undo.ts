import { type KubernetesObject, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { connectEc2 } from '../aws/ec2.ts'
import { explainApiError, orAbsent, type Cluster, statusOf } from '../kube/cluster.ts'
import type { Undo } from '../model/journal.ts'
import type { TargetDescription } from '../model/target.ts'
import { within } from '../std/poll.ts'
import type { Journal, PendingUndo } from './journal.ts'
import { deleteClaims, deleteOneClaim } from './undo-claims.ts'
import type { Timeline } from './timeline.ts'
import { describeRemains, isOurs, untilGone, type UndoTools } from './undo-tools.ts'

/** What undoing needs; a `Run` has it all. */
export interface UndoContext {
  readonly cluster: Cluster
  /** The run's id. */
  readonly id: string
  readonly target: Pick<TargetDescription, 'kind' | 'aws'>
  readonly journal: Journal
  readonly timeline: Timeline
  readonly startedAtEpochMs: number
}

export interface UndoFailure {
  readonly change: PendingUndo
  /** One sentence: what could not be undone and why. */
  readonly text: string
  readonly error: unknown
}

/**
 * Takes changes back in the order given (see `Journal.pending`), but faults before deletions: what
 * is deleted may need its node to end. Each has its own deadline, and errors stop none after it. What was undone is noted in the journal, and what could not be as well.
 *
 * @returns what failed; empty when all is undone
 */
export async function undoAll(
  run: UndoContext,
  changes: readonly PendingUndo[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<UndoFailure[]> {
  const failures: UndoFailure[] = []
  if (changes.length === 0) return failures
  const ec2 = run.target.aws === undefined ? undefined : await connectEc2(run.target.aws)
  try {
    for (const change of faultsFirst(changes)) {
      if (options.signal?.aborted) break
      try {
        await run.timeline.span(
          'undo',
          { scenario: change.scenario, subject: subjectOf(change.undo), text: change.action },
          () =>
            within(
              {
                what: `undo of "${change.action}"`,
                owner: 'undo',
                budget: 'undoOne',
                ...(options.signal ? { signal: options.signal } : {}),
              },
              (signal) =>
                executeUndo(change, {
                  cluster: run.cluster,
                  ec2,
                  startedAtEpochMs: run.startedAtEpochMs,
                  isLab: run.target.kind === 'lab',
                  runId: run.id,
                  signal,
                }),
            ),
        )
        note(() => run.journal.undone(change.id))
      } catch (error) {
        note(() => run.journal.undoFailed(change.id, error))
        failures.push({
          change,
          error,
          text: `"${change.action}" could not be undone: ${explainApiError(error)}`,
        })
      }
    }
  } finally {
    ec2?.close()
  }
  return failures
}

/**
 * A journal that can't be written any more (the disk is full) must not keep the other changes from
 * being undone. What it doesn't say is undone a second time later, which does no harm.
 */
function note(write: () => void): void {
  try {
    write()
  } catch (error) {
    console.error(`The journal can't be written: ${String(error)}`)
  }
}

/** Takes one change back; done when it is in effect, and at once when there is nothing to do. */
export async function executeUndo(
  { undo, uid }: Pick<PendingUndo, 'undo' | 'uid'>,
  tools: UndoTools,
): Promise<void> {
  switch (undo.kind) {
    case 'delete-object':
      return deleteObject(undo, uid, tools)
    case 'delete-claims':
      return deleteClaims(undo, tools)
    case 'set-unschedulable':
      return setUnschedulable(undo, tools)
    case 'scale-statefulset':
      return scaleStatefulSet(undo, tools)
    case 'none':
      return undefined
  }
}

/** Heals before it deletes; otherwise the order stays. */
function faultsFirst(changes: readonly PendingUndo[]): PendingUndo[] {
  const isFault = ({ undo }: PendingUndo): boolean =>
    undo.kind === 'set-unschedulable' || undo.kind === 'scale-statefulset'
  return [...changes.filter(isFault), ...changes.filter((change) => !isFault(change))]
}

/** What an undo is about, as the timeline names it. */
export function subjectOf(undo: Undo): string {
  if (undo.kind === 'delete-object') return `${undo.objectKind.toLowerCase()}/${undo.name}`
  if (undo.kind === 'delete-claims') return `claims/${undo.namespace}`
  if (undo.kind === 'set-unschedulable') return `node/${undo.node}`
  if (undo.kind === 'scale-statefulset') return `statefulset/${undo.name}`
  return 'nothing'
}

/** Kinds whose pods should be gone before what they mount is deleted. */
const OWNERS_OF_PODS = new Set(['StatefulSet', 'Deployment', 'DaemonSet', 'ReplicaSet', 'Job'])

async function deleteObject(
  undo: Extract<Undo, { kind: 'delete-object' }>,
  madeUid: string | undefined,
  tools: UndoTools,
): Promise<void> {
  if (undo.objectKind === 'PersistentVolumeClaim' && undo.namespace !== undefined) {
    return deleteOneClaim(undo, undo.namespace, madeUid, tools)
  }
  const { objects } = tools.cluster
  const header = {
    apiVersion: undo.apiVersion,
    kind: undo.objectKind,
    metadata: {
      name: undo.name,
      ...(undo.namespace === undefined ? {} : { namespace: undo.namespace }),
    },
  }
  const read = (): Promise<KubernetesObject | undefined> => orAbsent(objects.read(header))
  const found = await read()
  if (!found || !isOurs(found, madeUid, tools)) return
  const uid = found.metadata?.uid
  const policy = undo.awaitGone && OWNERS_OF_PODS.has(undo.objectKind) ? 'Foreground' : 'Background'
  try {
    // With its uid: by now somebody may have put another object under that name.
    await orAbsent(
      objects.delete(header, undefined, undefined, undefined, undefined, policy, {
        preconditions: uid === undefined ? {} : { uid },
      }),
    )
  } catch (error) {
    if (statusOf(error) === 409) return
    throw error
  }
  if (!undo.awaitGone) return
  await untilGone(`${undo.objectKind} ${undo.name}`, 'undoOne', tools.signal, async () => {
    const left = await read()
    return left && left.metadata?.uid === uid ? describeRemains(left) : undefined
  })
}

async function setUnschedulable(
  undo: Extract<Undo, { kind: 'set-unschedulable' }>,
  { cluster }: UndoTools,
): Promise<void> {
  const node = await orAbsent(cluster.core.readNode({ name: undo.node }))
  if (!node || (node.spec?.unschedulable ?? false) === undo.value) return
  await orAbsent(
    cluster.core.patchNode(
      { name: undo.node, body: { spec: { unschedulable: undo.value ? true : null } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    ),
  )
}

async function scaleStatefulSet(
  undo: Extract<Undo, { kind: 'scale-statefulset' }>,
  { cluster, signal }: UndoTools,
): Promise<void> {
  const { name, namespace, replicas } = undo
  const read = () => orAbsent(cluster.apps.readNamespacedStatefulSet({ name, namespace }))
  const found = await read()
  if (!found) return
  if (found.spec?.replicas !== replicas) {
    const scaled = await orAbsent(
      cluster.apps.patchNamespacedStatefulSetScale(
        { name, namespace, body: { spec: { replicas } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      ),
    )
    if (!scaled) return
  }
  // Pods beyond the count drain before they go; pods that are missing come back in their own time.
  await untilGone(
    `pods of StatefulSet ${name} beyond ${replicas}`,
    'statefulSetScaled',
    signal,
    async () => {
      const now = await read()
      if (!now) return undefined
      const { observedGeneration = 0, replicas: count = 0 } = now.status ?? {}
      // Until the controller has seen the new number its count is of the old one.
      if (observedGeneration < (now.metadata?.generation ?? 0)) return 'not seen by the controller'
      return count > replicas ? `${count} replicas` : undefined
    },
  )
}
