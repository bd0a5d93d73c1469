import { z } from 'zod'
import type { XmlObject } from '../../ec2/wire/xml.ts'
import { integer, text } from '../../ec2/wire/parameters.ts'
import type { Activity } from '../activities.ts'
import type { ScalingContext } from '../context.ts'
import { contention, inProgress, refused } from '../errors.ts'
import type { Group, Member } from '../group.ts'

/** Throws ValidationError. */
export function findGroup(context: ScalingContext, name: string): Group {
  const group = context.groups.get(name)
  if (group !== undefined) return group
  throw refused(`AutoScalingGroup name not found - AutoScalingGroup ${name} not found`)
}

/** The group that an instance belongs to, and its place there. Throws ValidationError. */
export function findMember(
  context: ScalingContext,
  instanceId: string,
): { readonly group: Group; readonly member: Member } {
  for (const group of context.groups.values()) {
    const member = group.members.get(instanceId)
    if (member !== undefined) return { group, member }
  }
  const words = 'Instance Id not found - No managed instance found for instance ID'
  throw refused(`${words}: ${instanceId}`)
}

/** Throws ScalingActivityInProgress or ResourceContention when a member is on its way in or out. */
export function checkSettled(member: Member): void {
  const { lifecycle, activity, instanceId } = member
  if (activity === undefined) return
  if (lifecycle === 'Terminating' || activity.description.startsWith('Launching')) {
    throw inProgress(activity)
  }
  throw contention(instanceId)
}

/** A list's page has at most `most` entries, and `usual` when no size is asked for. */
export const pageParameters = (most: number, usual: number) => ({
  MaxRecords: integer.refine((size) => size >= 1 && size <= most).default(usual),
  NextToken: text.optional(),
})

/** A list that may be left out; the SDKs send an empty one as an empty text. */
export const optionalList = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => (value === '' ? [] : value), z.array(item).default([]))

/** None asks for everything. */
export const names = optionalList(text)

export const activityView = (group: Group, activity: Activity): XmlObject => ({
  ActivityId: activity.id,
  AutoScalingGroupName: group.name,
  AutoScalingGroupARN: group.arn,
  Description: activity.description,
  Cause: activity.cause,
  StartTime: new Date(activity.startMs),
  EndTime: activity.endMs === undefined ? undefined : new Date(activity.endMs),
  StatusCode: activity.status,
  StatusMessage: activity.message,
  Progress: activity.status === 'InProgress' ? 50 : 100,
  Details: JSON.stringify({
    'Subnet ID': activity.place.subnetId,
    'Availability Zone': activity.place.zone,
  }),
})
