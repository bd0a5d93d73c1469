import type { AccessRequest } from '../iam/access.ts'
import type { Form } from '../ec2/wire/parameters.ts'
import type { ScalingContext } from './context.ts'
import type { Group } from './group.ts'

/**
 * What an action of Auto Scaling is checked against: the group that it names, or that an instance
 * which it names belongs to. Describe actions support no resource-level permissions. Source:
 * Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2 Auto
 * Scaling".
 */
export function scalingAccessRequests(
  context: ScalingContext,
  action: string,
  form: Form,
): readonly AccessRequest[] {
  const request = { action: `autoscaling:${action}`, keys: new Map<string, readonly string[]>() }
  if (action.startsWith('Describe')) return [{ ...request, resource: '*' }]
  const group = groupOf(context, form)
  if (group === undefined) {
    const name = form.get('AutoScalingGroupName') ?? '*'
    const owner = `${context.region}:${context.accountId}`
    const resource = `arn:aws:autoscaling:${owner}:autoScalingGroup:*:autoScalingGroupName/${name}`
    return [{ ...request, resource }]
  }
  const keys = [...group.tags].flatMap(([key, value]) =>
    ['aws', 'autoscaling'].map(
      (service) => [`${service}:resourcetag/${key.toLowerCase()}`, [value]] as const,
    ),
  )
  return [{ ...request, resource: group.arn, keys: new Map(keys) }]
}

function groupOf(context: ScalingContext, form: Form): Group | undefined {
  const name = form.get('AutoScalingGroupName')
  if (name !== undefined) return context.groups.get(name)
  const instanceId = form.get('InstanceId') ?? ''
  return [...context.groups.values()].find(({ members }) => members.has(instanceId))
}
