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
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = (): void => {
    const { name } = instance.state
    if (name === wanted) resolve()
    else if (name === 'terminated') {
      const why = instance.reason?.message ?? 'no reason given'
      reject(new Error(`${instanceId} is terminated and will never be ${wanted}: ${why}.`))
    }
  }
  const unsubscribe = options.subscribe(look)
  const timer = setTimeout(() => {
    const { name } = instance.state
    reject(new Error(`${instanceId} was not ${wanted} after ${timeoutMs} ms, but ${name}.`))
  }, timeoutMs)
  try {
    look()
    await promise
  } finally {
    clearTimeout(timer)
    unsubscribe()
  }
}
