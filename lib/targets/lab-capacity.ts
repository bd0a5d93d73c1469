import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'
import { LabError } from '../model/errors.ts'
import type { TargetDescription } from '../model/target.ts'
import { budgetMs } from '../std/budgets.ts'
import { LAB_COMMAND } from './lab.ts'

/** A way to have launches in a zone fail for want of capacity. */
export interface CapacityControl {
  /** Idempotent. */
  set(zone: string, has: boolean): Promise<void>
  /** Names of the zones that have none. */
  without(): Promise<string[]>
}

const labStatus = z.object({
  zones: z.array(z.object({ name: z.string(), capacity: z.boolean() })),
})

/** What each lab's context begins with; its name follows. */
const CONTEXT_PREFIX = 'zonefall-lab-'

/** The command line of the lab that a target is; undefined of anything else. */
export function labOf({
  kind,
  context,
}: Pick<TargetDescription, 'kind' | 'context'>): [string, ...string[]] | undefined {
  if (kind !== 'lab' || !context.startsWith(CONTEXT_PREFIX)) return undefined
  const [program, ...prefix] = LAB_COMMAND
  return [program, ...prefix, '--name', context.slice(CONTEXT_PREFIX.length)]
}

/** The target's control over capacity: the lab's command line has one, nothing else does. */
export function capacityControl(
  target: Pick<TargetDescription, 'kind' | 'context'>,
): CapacityControl | undefined {
  const command = labOf(target)
  if (command === undefined) return undefined
  const [program, ...prefix] = command
  const name = target.context.slice(CONTEXT_PREFIX.length)
  const lab = (...args: string[]) =>
    promisify(execFile)(program, [...prefix, ...args], {
      timeout: budgetMs('labCommand'),
    })
  return {
    without: async () => {
      const { stdout } = await lab('status', '--json')
      const { zones } = labStatus.parse(JSON.parse(stdout))
      return zones.filter(({ capacity }) => !capacity).map((zone) => zone.name)
    },
    set: async (zone, has) => {
      const turned = has ? 'on' : 'off'
      try {
        await lab('capacity', zone, turned)
      } catch (error) {
        throw new LabError(`The capacity of zone ${zone} could not be turned ${turned}.`, {
          cause: error,
          hint: `npx zonefall lab --name ${name} capacity ${zone} on gives it back.`,
        })
      }
    },
  }
}
