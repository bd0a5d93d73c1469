import { awaitChange } from '../std/await-change.ts'
import type { Ec2Change, Ec2Context } from './context.ts'
import { findInstance, type InstanceStateName } from './instances/instance.ts'

/**
 * Resolves when an instance is in a state. Rejects after `timeoutMs` with the state it was in
 * last, or at once when it is `terminated` and something else was waited for.
 */
export async function waitForState(options: {
  readonly context: Ec2Context
  readonly subscribe: (listener: (change: Ec2Change) => void) => () => void
  readonly instanceId: string
  readonly state: InstanceStateName
  readonly timeoutMs: number
}): Promise<void> {
  const { context, instanceId, state: wanted, timeoutMs } = options
  const instance = findInstance(context, instanceId)
  await awaitChange({
    subscribe: (listener) => options.subscribe(listener),
    look: () => {
      const { name } = instance.state
      if (name === 'terminated' && wanted !== 'terminated') {
        const why = instance.reason?.message ?? 'no reason given'
        throw new Error(`${instanceId} is terminated and will never be ${wanted}: ${why}.`)
      }
      return name === wanted
    },
    timeoutMs,
    late: () =>
      `${instanceId} was not ${wanted} after ${timeoutMs} ms, but ${instance.state.name}.`,
  })
}
