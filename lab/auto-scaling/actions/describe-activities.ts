import { pageOf } from '../../ec2/paging.ts'
import { defineQueryAction, type QueryAction } from '../../ec2/wire/define-query-service.ts'
import { flag, text } from '../../ec2/wire/parameters.ts'
import type { ScalingContext } from '../context.ts'
import { sized } from './describe-groups.ts'
import { activityView, findGroup, names, pageParameters } from './find-group.ts'

/** Above every sequence number: what is newest has the smallest key. */
const NEWEST = 1e12

export const activityActions = (context: ScalingContext): readonly QueryAction[] => [
  defineQueryAction({
    name: 'DescribeScalingActivities',
    parameters: {
      AutoScalingGroupName: text.optional(),
      ActivityIds: names,
      // Groups can't be deleted here, so none is.
      IncludeDeletedGroups: flag.optional(),
      ...pageParameters(100, 100),
    },
    perform({ AutoScalingGroupName: groupName, ActivityIds: asked, ...page }) {
      const groups =
        groupName === undefined ? [...context.groups.values()] : [findGroup(context, groupName)]
      const found = groups
        .flatMap((group) => group.activities.all.map((activity) => ({ group, activity })))
        .filter(({ activity }) => asked.length === 0 || asked.includes(activity.id))
      const keyOf = ({ group, activity }: (typeof found)[number]) =>
        `${String(NEWEST - activity.sequence)} ${group.name}`
      const { items, nextToken } = pageOf(found, keyOf, sized(page), {
        action: 'DescribeScalingActivities',
        min: 1,
        max: 100,
        query: [groupName, asked],
      })
      return {
        Activities: items.map(({ group, activity }) => activityView(group, activity)),
        NextToken: nextToken,
      }
    },
  }),
]
