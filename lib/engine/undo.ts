import { Aws } from '../aws/aws.ts'
import { deleteCopies } from '../aws/copies.ts'
import { continueProcess } from '../faults/process-signal.ts'
import { remountVolume } from '../faults/remount-volume.ts'
import { explainApiError, type Cluster } from '../kube/cluster.ts'
import { setUnschedulable } from '../kube/cordon.ts'
import { changeTaints } from '../kube/node-state.ts'
import { CleanupError } from '../model/errors.ts'
import type { Undo } from '../model/journal.ts'
import type { TargetDescription } from '../model/target.ts'
import type { BudgetName } from '../std/budgets.ts'
import { within } from '../std/poll.ts'
import { capacityControl } from '../targets/lab-capacity.ts'
import { type Journal, type PendingUndo, readJournal } from './journal.ts'
import type { Timeline } from './timeline.ts'
import { deleteClaims } from './undo-claims.ts'
import { restartDatabases } from './undo-legacy.ts'
import { awaitReplacement, resumeProcesses, startInstances, undoLaunch } from './undo-instances.ts'
import { deleteOwnAcl, restoreAssociation } from './undo-network.ts'
import { deleteObject, scaleStatefulSet } from './undo-objects.ts'
import { inUndoOrder } from './undo-order.ts'
import { needAws, type UndoTools } from './undo-tools.ts'

/** What undoing needs; a `Run` has it all. */
export interface UndoContext {
  readonly cluster: Cluster
  /** The run's id. */
  readonly id: string
  readonly target: Pick<TargetDescription, 'kind' | 'aws' | 'context' | 'pulls'>
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
 * Takes changes back in the order of `inUndoOrder`. Each has its own deadline, and errors stop none
 * after it. What was undone is noted in the journal, and what could not be as well.
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
  const aws = run.target.aws === undefined ? undefined : new Aws(run.target.aws)
  try {
    for (const change of inUndoOrder(changes)) {
      if (options.signal?.aborted) break
      try {
        refuseBesidePods(change, failures)
        await run.timeline.span(
          'undo',
          { scenario: change.scenario, subject: subjectOf(change.undo), text: change.action },
          () =>
            within(
              {
                what: `undo of "${change.action}"`,
                owner: 'undo',
                budget: budgetOf(change.undo),
                ...(options.signal ? { signal: options.signal } : {}),
              },
              (signal) =>
                executeUndo(change, {
                  cluster: run.cluster,
                  aws,
                  capacity: capacityControl(run.target),
                  startedAtEpochMs: run.startedAtEpochMs,
                  isLab: run.target.kind === 'lab',
                  runId: run.id,
                  signal,
                  siblings: () => siblingsOf(run.journal, change),
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
    await aws?.close()
  }
  return failures
}

/**
 * Takes back these changes of a run, those that are due still: how a fault is healed before its
 * scenario ends.
 *
 * @throws CleanupError that lists what could not be undone, which stays due, and says of what the
 *   journal knows nothing: nobody can undo that
 */
export async function takeBack(run: UndoContext, ids: readonly string[]): Promise<void> {
  const known = new Set(readJournal(run.journal.path).map(({ id }) => id))
  const unknown = ids.filter((id) => !known.has(id))
  const due = run.journal.pending().filter(({ id }) => ids.includes(id))
  const failures = await undoAll(run, due)
  const problems = failures.map(({ text }) => text)
  if (unknown.length > 0) {
    problems.push(
      `The journal has nothing of ${unknown.length} of the ${ids.length} changes to take back.`,
    )
  }
  if (problems.length === 0) return
  throw new CleanupError(problems.join(' '), {
    cause: failures[0]?.error,
    hint:
      failures.length > 0
        ? 'npx zonefall cleanup tries again.'
        : 'The report lists what is not as it was before; put that right by hand.',
  })
}

function siblingsOf(
  journal: Journal,
  { id, undo: { kind } }: PendingUndo,
): ReturnType<UndoTools['siblings']> {
  return {
    due: journal
      .pending()
      .flatMap((item) => (item.id === id || item.undo.kind !== kind ? [] : item.undo)),
    all: readJournal(journal.path).flatMap((entry) =>
      entry.step === 'intent' && entry.undo.kind === kind ? entry.undo : [],
    ),
  }
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

const ENDS_PODS: readonly Undo['kind'][] = ['delete-object', 'delete-claims']

/** A legacy database that is restarted beside pods with its names would take their place. */
function refuseBesidePods({ undo }: PendingUndo, failures: readonly UndoFailure[]): void {
  if (undo.kind !== 'restart-databases') return
  const left = failures.find(({ change }) => ENDS_PODS.includes(change.undo.kind))
  if (left) throw new CleanupError(`Pods with their names may be left, for ${left.text}`)
}

/** Takes one change back; done when it is in effect, and at once when there is nothing to do. */
async function executeUndo(
  { undo, uid }: Pick<PendingUndo, 'undo' | 'uid'>,
  tools: UndoTools,
): Promise<void> {
  switch (undo.kind) {
    case 'delete-object':
      return deleteObject(undo, uid, tools)
    case 'delete-claims':
      return deleteClaims(undo, tools)
    case 'set-unschedulable':
      return setUnschedulable(tools.cluster, undo.node, undo.value)
    case 'scale-statefulset':
      return scaleStatefulSet(undo, tools)
    case 'start-instances':
      return startInstances(undo, tools)
    case 'resume-processes':
      return resumeProcesses(undo, tools)
    case 'await-replacement':
      return awaitReplacement(undo, tools)
    case 'terminate-launched':
      return undoLaunch(undo, tools)
    case 'restore-acl-association':
      return restoreAssociation(undo, tools)
    case 'delete-acl':
      return deleteOwnAcl(undo, tools)
    case 'delete-copies':
      return deleteCopies(await needAws(tools).ec2(), undo.token, { signal: tools.signal })
    case 'restart-databases':
      return restartDatabases(undo, tools.signal)
    case 'restore-capacity':
      return restoreCapacity(undo.zone, tools)
    case 'remount-volume':
      return remountVolume(tools, undo)
    case 'remove-taint':
      return removeTaint(undo, tools)
    case 'continue-process':
      return continueProcess(tools.cluster, undo)
    case 'none':
      return undefined
    default:
      return undo satisfies never
  }
}

async function restoreCapacity(zone: string, { capacity }: UndoTools): Promise<void> {
  if (!capacity) throw new CleanupError(`The target has no control over the capacity of ${zone}.`)
  await capacity.set(zone, true)
}

async function removeTaint(
  { node, key, effect }: Extract<Undo, { kind: 'remove-taint' }>,
  { cluster, signal }: UndoTools,
): Promise<void> {
  const isIt = (taint: { key: string; effect: string }): boolean =>
    taint.key === key && taint.effect === effect
  await changeTaints(
    cluster,
    node,
    (taints) => (taints.some(isIt) ? taints.filter((taint) => !isIt(taint)) : taints),
    signal,
  )
}

const OF_INSTANCES: readonly Undo['kind'][] = [
  'start-instances',
  'terminate-launched',
  'restart-databases',
]

/** Instances take their time, and so do what is made of them. */
function budgetOf({ kind }: Undo): BudgetName {
  if (kind === 'await-replacement') return 'undoReplacement'
  return OF_INSTANCES.includes(kind) ? 'undoInstances' : 'undoOne'
}

/** What an undo is about, as the timeline names it. */
function subjectOf(undo: Undo): string {
  switch (undo.kind) {
    case 'delete-object':
      return `${undo.objectKind.toLowerCase()}/${undo.name}`
    case 'delete-claims':
      return `claims/${undo.namespace}`
    case 'set-unschedulable':
    case 'remove-taint':
      return `node/${undo.node}`
    case 'scale-statefulset':
      return `statefulset/${undo.name}`
    case 'start-instances':
      return undo.instances.map(({ id }) => `instance/${id}`).join(', ')
    case 'await-replacement':
      return `instance/${undo.instance.id}`
    case 'resume-processes':
      return `group/${undo.group}`
    case 'restore-acl-association':
      return `subnet/${undo.subnetId}`
    case 'restore-capacity':
      return `zone/${undo.zone}`
    case 'remount-volume':
      return `volume/${undo.volumeId}`
    case 'continue-process':
      return `pod/${undo.pod}`
    case 'terminate-launched':
    case 'delete-acl':
    case 'delete-copies':
      return `token/${undo.token}`
    case 'restart-databases':
      return undo.hosts.map(({ instanceId }) => `instance/${instanceId}`).join(', ')
    case 'none':
      return 'nothing'
    default:
      return undo satisfies never
  }
}
