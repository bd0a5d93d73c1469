import type { Undo } from '../model/journal.ts'
import { readJournal } from './journal.ts'
import { takeProjection } from './leaks.ts'
import { withoutOtherFiles } from './leaks-of-files.ts'
import type { Projection } from './records.ts'
import { withoutReplacements } from './replacements.ts'
import type { Run } from './run.ts'

/** What a run compares to see what it left: how to look, and what of it is its own affair. */
export interface LeakScope {
  readonly look: () => Promise<Projection>
  /** Nodes count on the lab, and elsewhere if the run touched them; others' changes don't. */
  readonly isOurs: (kind: string, name: string) => boolean
}

/**
 * The scope of a run's leak list, with the nodes that it has touched until now.
 *
 * @param others namespaces of other files of scenarios than the one that asks: what is theirs is
 *   left out
 */
export function leakScope(run: Run, others: readonly string[] = []): LeakScope {
  const { cluster, target, id: runId, before } = run
  const undos = readJournal(run.journal.path).flatMap((entry) =>
    entry.step === 'intent' ? entry.undo : [],
  )
  const touched = new Set(undos.flatMap((undo) => nodesOf(undo)))
  const replacements = undos.filter((undo) => undo.kind === 'await-replacement')
  const ownsNamespace = before['Namespace']?.[target.namespace] === undefined
  return {
    look: async () => {
      const after = await takeProjection({ cluster, target, runId, ownsNamespace })
      const own = await withoutOtherFiles(run, after, others)
      return withoutReplacements(before, own, replacements)
    },
    isOurs: (kind, name) => kind !== 'Node' || target.kind === 'lab' || touched.has(name),
  }
}

function nodesOf(undo: Undo): string[] {
  if (undo.kind === 'start-instances') return undo.instances.map(({ node }) => node)
  if (undo.kind === 'await-replacement') return [undo.instance.node]
  return 'node' in undo ? [undo.node] : []
}
