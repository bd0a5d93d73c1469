import { z } from 'zod'
import { pageOf } from '../../ec2/paging.ts'
import { defineQueryAction, type QueryAction } from '../../ec2/wire/define-query-service.ts'
import { flag, text } from '../../ec2/wire/parameters.ts'
import type { XmlObject } from '../../ec2/wire/xml.ts'
import type { ScalingContext } from '../context.ts'
import { refused } from '../errors.ts'
import { type Group, HEALTH_CHECK_GRACE_MS, type Member, COOLDOWN_MS } from '../group.ts'
import { names, optionalList, pageParameters } from './find-group.ts'

const filter = z.strictObject({ Name: text, Values: z.array(text) })

export const describeActions = (context: ScalingContext): readonly QueryAction[] => [
  defineQueryAction({
    name: 'DescribeAutoScalingGroups',
    parameters: {
      AutoScalingGroupNames: names,
      Filters: optionalList(filter),
      IncludeInstances: flag.default(true),
      ...pageParameters(100, 50),
    },
    perform({ AutoScalingGroupNames: asked, Filters, IncludeInstances, ...page }) {
      const tests = Filters.map(tagTest)
      const found = [...context.groups.values()].filter(
        (group) =>
          (asked.length === 0 || asked.includes(group.name)) && tests.every((test) => test(group)),
      )
      const { items, nextToken } = pageOf(found, ({ name }) => name, sized(page), {
        action: 'DescribeAutoScalingGroups',
        min: 1,
        max: 100,
        query: [asked, Filters],
      })
      return {
        AutoScalingGroups: items.map((group) => groupView(context, group, IncludeInstances)),
        NextToken: nextToken,
      }
    },
  }),
  defineQueryAction({
    name: 'DescribeAutoScalingInstances',
    parameters: { InstanceIds: names, ...pageParameters(50, 50) },
    perform({ InstanceIds: asked, ...page }) {
      const found = [...context.groups.values()]
        .flatMap((group) => [...group.members.values()].map((member) => ({ group, member })))
        .filter(({ member }) => asked.length === 0 || asked.includes(member.instanceId))
      const { items, nextToken } = pageOf(found, ({ member }) => member.instanceId, sized(page), {
        action: 'DescribeAutoScalingInstances',
        min: 1,
        max: 50,
        query: asked,
      })
      return {
        AutoScalingInstances: items.map(({ group, member }) => ({
          AutoScalingGroupName: group.name,
          ...memberView(member),
          // In capitals here, and only here.
          HealthStatus: member.health.toUpperCase(),
        })),
        NextToken: nextToken,
      }
    },
  }),
]

export const sized = (page: {
  readonly MaxRecords: number
  readonly NextToken?: string | undefined
}) => ({ MaxResults: page.MaxRecords, NextToken: page.NextToken })

/** `tag:<key>`, `tag-key` and `tag-value`. Source: API reference, Filter. */
function tagTest({ Name: name, Values: values }: z.output<typeof filter>) {
  if (name === 'tag-key') return ({ tags }: Group) => values.some((key) => tags.has(key))
  if (name === 'tag-value') {
    return ({ tags }: Group) => [...tags.values()].some((value) => values.includes(value))
  }
  if (name.startsWith('tag:')) {
    return ({ tags }: Group) => values.includes(tags.get(name.slice(4)) ?? '\u0000')
  }
  throw refused(
    `Filter type ${name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>`,
  )
}

function groupView(context: ScalingContext, group: Group, withInstances: boolean): XmlObject {
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: COOLDOWN_MS / 1000,
    AvailabilityZones: group.zones.map(({ name }) => name),
    LoadBalancerNames: [],
    TargetGroupARNs: [],
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: HEALTH_CHECK_GRACE_MS / 1000,
    Instances: withInstances ? [...group.members.values()].map(groupMemberView) : [],
    CreatedTime: new Date(group.createdMs),
    SuspendedProcesses: [...group.suspended].map(([name, reason]) => ({
      ProcessName: name,
      SuspensionReason: reason,
    })),
    VPCZoneIdentifier: group.zones.map(({ subnetId }) => subnetId).join(','),
    EnabledMetrics: [],
    Tags: [...group.tags].map(([key, value]) => ({
      ResourceId: group.name,
      ResourceType: 'auto-scaling-group',
      Key: key,
      Value: value,
      PropagateAtLaunch: true,
    })),
    TerminationPolicies: ['OldestInstance'],
    NewInstancesProtectedFromScaleIn: false,
    ServiceLinkedRoleARN: `arn:aws:iam::${context.accountId}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
  }
}

const groupMemberView = (member: Member): XmlObject => ({
  ...memberView(member),
  HealthStatus: member.health,
})

const memberView = ({ instanceId, instanceType, zone, lifecycle }: Member): XmlObject => ({
  InstanceId: instanceId,
  InstanceType: instanceType,
  AvailabilityZone: zone.name,
  LifecycleState: lifecycle,
  ProtectedFromScaleIn: false,
})
