import { explainApiError, orAbsent } from '../kube/cluster.ts'
import { within } from '../std/poll.ts'
import { furnishNamespace, needPullSecret } from './furnish-namespace.ts'
import { leakScope } from './leak-scope.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import { compareProjections, settledLeaks } from './leaks.ts'
import type { Run } from './run.ts'
import { undoAll } from './undo.ts'

/** How a clean-up went; a sentence each. Both empty: everything is as it was before. */
export interface CleanUpResult {
  readonly undoErrors: readonly string[]
  readonly leaks: readonly string[]
}

/**
 * Makes a namespace of the run if it isn't there, with the run's label; its end is in the journal.
 * An existing one is used as it is, and stays.
 */
export async function ensureNamespace(run: Run, name: string): Promise<void> {
  if (await orAbsent(run.cluster.core.readNamespace({ name }))) {
    await needPullSecret(run, name)
    return
  }
  await run.journal.change(
    {
      scenario: 'run',
      scope: 'file',
      action: `create namespace ${name}`,
      undo: {
        kind: 'delete-object',
        apiVersion: 'v1',
        objectKind: 'Namespace',
        name,
        awaitGone: true,
      },
    },
    () =>
      run.cluster.core.createNamespace({
        body: { metadata: { name, labels: { [RUN_LABEL]: run.id } } },
      }),
  )
  await furnishNamespace(run, name)
}

/**
 * Undoes everything that is still pending, youngest first, then compares the leak list with the one
 * from before. With `keep` what was deployed stays, and only nodes are compared.
 *
 * @param signal aborted to stop at once; what is left then stays in the journal
 */
export async function cleanUp(
  run: Run,
  options: { readonly keep: boolean; readonly signal?: AbortSignal },
): Promise<CleanUpResult> {
  const { keep, signal } = options
  const due = run.journal.pending().filter(({ scope }) => scope === 'scenario' || !keep)
  const failures = await run.timeline.span('cleanup', { text: `${due.length} changes` }, () =>
    undoAll(run, due, signal ? { signal } : {}),
  )
  const undoErrors = failures.map(({ text }) => text)
  if (signal?.aborted) {
    const left = run.journal.pending().length
    return { undoErrors: [...undoErrors, `Stopped with ${left} changes not undone.`], leaks: [] }
  }
  try {
    return { undoErrors, leaks: await leaksOf(run, keep, undoErrors.length > 0, signal) }
  } catch (error) {
    const text = `What is left can't be listed: ${explainApiError(error)}.`
    return { undoErrors: [...undoErrors, text], leaks: [] }
  }
}

async function leaksOf(
  run: Run,
  keep: boolean,
  isHopeless: boolean,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { look, isOurs } = leakScope(run)
  const relevant = (kind: string, name: string): boolean =>
    isOurs(kind, name) && (kind === 'Node' || !keep)
  if (!isHopeless) return settledLeaks(run.before, look, relevant, signal)
  // Something could not be undone, so waiting for an empty list would only waste time.
  return within({ what: 'the leak list', owner: 'clean-up', budget: 'leaksSettle' }, async () => {
    return compareProjections(run.before, await look(), relevant)
  })
}
