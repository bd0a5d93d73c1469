import { Aws } from '../aws/aws.ts'
import { isAwsError } from '../aws/ec2.ts'
import { NEEDED_ACTIONS, type NeededAction } from '../aws/needed-actions.ts'
import { type Trial, tryAction } from '../aws/try-actions.ts'
import { RUN_LABEL } from '../model/run-label.ts'
import type { AwsAccess } from '../model/target.ts'
import type { Finding } from './doctor.ts'

/**
 * Whether the credentials may do in the account what a run does: EC2 is asked itself, by dry runs
 * on a node. What nothing can try is named.
 *
 * @param instanceIds of the cluster's nodes
 */
export async function checkAccess(
  access: AwsAccess,
  instanceIds: readonly string[],
): Promise<Finding[]> {
  const aws = new Aws(access)
  try {
    const trials = await tryAll(aws, instanceIds)
    const denied = trials.filter(({ trial }) => trial === 'denied')
    const untried = trials.filter(({ trial }) => trial === 'untried')
    const allowed = trials.length - denied.length - untried.length
    return [
      ...denied.map(({ action, purpose }): Finding => ({
        check: 'AWS right',
        state: 'problem',
        text: `may not call ${action}, so a run can't ${purpose}`,
        todo: 'Give the credentials the policy manifests/access/iam-policy.json, filled in as its README says.',
      })),
      {
        check: 'AWS rights',
        state: 'ok',
        text: `${allowed} of ${trials.length} tried and allowed; nothing can try ${untried.map(({ action }) => action).join(', ') || 'none'}`,
      },
    ]
  } finally {
    await aws.close()
  }
}

async function tryAll(
  aws: Aws,
  instanceIds: readonly string[],
): Promise<(NeededAction & { readonly trial: Trial })[]> {
  const ec2 = await aws.ec2()
  const [instance = {}] = await ec2.listInstances(instanceIds.slice(0, 1)).catch(() => [])
  const tags = { [RUN_LABEL]: 'doctor' }
  const trials: (NeededAction & { readonly trial: Trial })[] = []
  for (const needed of NEEDED_ACTIONS) {
    const [service, name = ''] = needed.action.split(':')
    // What EKS is asked, reaching the target has asked already.
    const trial =
      needed.check === 'none'
        ? 'untried'
        : service === 'ec2'
          ? await tryAction(name, { ec2, instance, tags })
          : service === 'autoscaling'
            ? await tryGroups(aws)
            : 'allowed'
    trials.push({ ...needed, trial })
  }
  return trials
}

async function tryGroups(aws: Aws): Promise<Trial> {
  try {
    await (await aws.autoScaling()).listGroups()
    return 'allowed'
  } catch (error) {
    return isAwsError(error, 'AccessDenied') ? 'denied' : 'untried'
  }
}
