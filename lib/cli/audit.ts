import { type Audit, auditAccount, auditTarget, type LeftOver } from '../engine/audit.ts'
import { Cluster } from '../kube/cluster.ts'
import { CleanupError, PreflightError } from '../model/errors.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { lookAtTarget } from './look-at-target.ts'

export interface AuditOptions extends TargetOptions {
  readonly run?: string
  readonly json?: boolean
  /** Of an account whose cluster is gone: nothing else is looked at. */
  readonly region?: string
}

/**
 * `zonefall cleanup --audit`: prints what of runs is still on a target, by their labels and tags.
 *
 * @throws CleanupError when something is, or could not be looked at
 */
export async function printAudit(options: AuditOptions): Promise<void> {
  const audit = await auditWhere(options)
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

async function auditWhere(options: AuditOptions): Promise<Audit> {
  const { region, run, target, context, settings } = options
  if (region !== undefined) {
    if (target !== 'eks' || context !== undefined) {
      throw new PreflightError('--region audits an account without a cluster.', {
        hint: 'Say --target eks and no --context, or leave --region away.',
      })
    }
    const profile = settings?.profile
    return auditAccount({ region, ...(profile === undefined ? {} : { profile }) }, run)
  }
  const found = await lookAtTarget(await chooseTarget(options))
  // A lab that is down has nothing.
  return found
    ? auditTarget(await Cluster.connect(found), found, run)
    : { left: [], unseen: [], beyond: [] }
}

function auditText({ left, unseen, beyond }: Audit): string {
  const byRun = Map.groupBy(left, ({ run }) => run)
  return [
    ...[...byRun].flatMap(([run, items]) => [`run ${run}`, ...items.map((item) => itemText(item))]),
    ...unseen,
    ...(beyond.length === 0
      ? []
      : [`This user may make none of these, and may not look for them: ${beyond.join(', ')}.`]),
    ...(left.length === 0 && unseen.length === 0 ? ['Nothing of any run is left.'] : []),
  ].join('\n')
}

function itemText({ where, kind, name, state }: LeftOver): string {
  return `  ${where}: ${kind} ${name}${state === undefined ? '' : ` (${state})`}`
}
