import { awaitChange } from '../std/await-change.ts'
import type { ScalingContext } from './context.ts'
import { membersIn } from './group.ts'

/** Resolves when a group has its desired capacity in service; see `AutoScaling.inService`. */
export async function waitInService(
  context: ScalingContext,
  groupName: string,
  timeoutMs: number,
): Promise<void> {
  const group = context.groups.get(groupName)
  if (group === undefined) throw new Error(`There is no group ${groupName}.`)
  const running = (): number => membersIn(group, 'InService').length
  await awaitChange({
    // EC2 tells its listeners in the order in which they came: the group has heard of it by then.
    subscribe: (listener) => context.ec2.subscribe(listener),
    look: () => {
      const failed = group.activities.all.find(({ message }) => message !== undefined)
      if (failed !== undefined) throw new Error(failed.description)
      return running() >= group.desired
    },
    timeoutMs,
    late: () => `${running()} of ${group.desired} instances were running after ${timeoutMs} ms.`,
  })
}
