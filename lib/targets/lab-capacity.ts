import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { LabError } from '../model/errors.ts'
import type { TargetDescription } from '../model/target.ts'
import { budgetMs } from '../std/budgets.ts'
import { LAB_COMMAND } from './lab.ts'

/** A way to have launches in a zone fail for want of capacity. */
export interface CapacityControl {
  /** Idempotent. */
  set(zone: string, has: boolean): Promise<void>
}

/** What each lab's context begins with; its name follows. */
const CONTEXT_PREFIX = 'zonefall-lab-'

/** The target's control over capacity: the lab's command line has one, nothing else does. */
export function capacityControl(
  target: Pick<TargetDescription, 'kind' | 'context'>,
): CapacityControl | undefined {
  if (target.kind !== 'lab' || !target.context.startsWith(CONTEXT_PREFIX)) return undefined
  const [program, ...prefix] = LAB_COMMAND
  const name = target.context.slice(CONTEXT_PREFIX.length)
  return {
    set: async (zone, has) => {
      const args = [...prefix, '--name', name, 'capacity', zone, has ? 'on' : 'off']
      try {
        await promisify(execFile)(program, args, { timeout: budgetMs('apiCall') })
      } catch (error) {
        throw new LabError(`The capacity of zone ${zone} could not be turned ${args.at(-1)}.`, {
          cause: error,
          hint: `npx zonefall lab --name ${name} capacity ${zone} on gives it back.`,
        })
      }
    },
  }
}
