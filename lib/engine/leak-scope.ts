import { readJournal } from './journal.ts'
import { takeProjection } from './leaks.ts'
import type { Projection } from './records.ts'
import type { Run } from './run.ts'

/** What a run compares to see what it left: how to look, and what of it is its own affair. */
export interface LeakScope {
  readonly look: () => Promise<Projection>
  /** Nodes count on the lab, and elsewhere if the run touched them; others' changes don't. */
  readonly isOurs: (kind: string, name: string) => boolean
}

/** The scope of a run's leak list, with the nodes that it has touched until now. */
export function leakScope(run: Run): LeakScope {
  const { cluster, target, id: runId, before } = run
  const touched = new Set(
    readJournal(run.journal.path).flatMap((entry) =>
      entry.step === 'intent' && entry.undo.kind === 'set-unschedulable' ? [entry.undo.node] : [],
    ),
  )
  const ownsNamespace = before['Namespace']?.[target.namespace] === undefined
  return {
    look: () => takeProjection({ cluster, target, runId, ownsNamespace }),
    isOurs: (kind, name) => kind !== 'Node' || target.kind === 'lab' || touched.has(name),
  }
}
