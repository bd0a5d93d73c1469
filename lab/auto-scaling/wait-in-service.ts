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
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => {
    const failed = group.activities.all.find(({ message }) => message !== undefined)
    if (failed !== undefined) reject(new Error(failed.description))
    else if (membersIn(group, 'InService').length >= group.desired) resolve()
  }
  // EC2 tells its listeners in the order in which they came: the group has heard of it by then.
  const unsubscribe = context.ec2.subscribe(look)
  const timer = setTimeout(() => {
    const count = membersIn(group, 'InService').length
    reject(new Error(`${count} of ${group.desired} instances were running after ${timeoutMs} ms.`))
  }, timeoutMs)
  try {
    look()
    await promise
  } finally {
    clearTimeout(timer)
    unsubscribe()
  }
}
