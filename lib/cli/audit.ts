import { type Audit, auditTarget, type LeftOver } from '../engine/audit.ts'
import { Cluster } from '../kube/cluster.ts'
import { CleanupError } from '../model/errors.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { lookAtTarget } from './look-at-target.ts'

/**
 * `zonefall cleanup --audit`: prints what of runs is still on a target, by their labels and tags.
 *
 * @throws CleanupError when something is, or could not be looked at
 */
export async function printAudit(
  options: TargetOptions & { readonly run?: string; readonly json?: boolean },
): Promise<void> {
  const found = await lookAtTarget(await chooseTarget(options))
  // A lab that is down has nothing.
  const audit: Audit = found
    ? await auditTarget(await Cluster.connect(found), found, options.run)
    : { left: [], unseen: [] }
  console.log(options.json ? JSON.stringify(audit, null, 2) : auditText(audit))
  if (audit.left.length === 0 && audit.unseen.length === 0) return
  throw new CleanupError(
    audit.left.length > 0
      ? `${audit.left.length} things of runs are left.`
      : 'Not everything could be looked at.',
    {
      hint:
        audit.left.length > 0
          ? 'npx zonefall cleanup undoes what a journal knows of; the rest is to be deleted by hand, by the names above.'
          : 'The rules in manifests/access allow it: npx zonefall doctor says which is missing.',
    },
  )
}

function auditText({ left, unseen }: Audit): string {
  const byRun = Map.groupBy(left, ({ run }) => run)
  return [
    ...[...byRun].flatMap(([run, items]) => [`run ${run}`, ...items.map((item) => itemText(item))]),
    ...unseen,
    ...(left.length === 0 && unseen.length === 0 ? ['Nothing of any run is left.'] : []),
  ].join('\n')
}

function itemText({ where, kind, name, state }: LeftOver): string {
  return `  ${where}: ${kind} ${name}${state === undefined ? '' : ` (${state})`}`
}
