import type { Instance } from '@aws-sdk/client-ec2'
import { poll } from '../std/poll.ts'
import type { Ec2 } from './ec2.ts'

/** How an instance is stopped: by its OS, or as when the power goes. */
export type StopMode = 'orderly' | 'power-cut'

/** Name of an instance's state; `absent` of one that is no longer, or not yet, listed. */
export function stateOf(instance: Instance | undefined): string {
  return instance?.State?.Name ?? 'absent'
}

/** The states of these instances, by id. */
export async function readStates(
  ec2: Ec2,
  ids: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const found = await ec2.listInstances(ids)
  return Object.fromEntries(
    ids.map((id) => [id, stateOf(found.find(({ InstanceId }) => InstanceId === id))]),
  )
}

/** Stops them all with one call, so that they go at the same time. */
export async function stopInstances(
  { client, sdk }: Ec2,
  ids: readonly string[],
  mode: StopMode,
): Promise<void> {
  const cut = mode === 'power-cut' ? { SkipOsShutdown: true, Force: true } : {}
  await client.send(new sdk.StopInstancesCommand({ InstanceIds: [...ids], ...cut }))
}

/**
 * Looks each second until every instance is in one of the states; SDK waiters begin at 15 s.
 *
 * @throws WaitTimeoutError
 */
export async function awaitStates(
  ec2: Ec2,
  ids: readonly string[],
  wanted: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  await poll(
    {
      what: `instances ${ids.join(', ')} to be ${wanted.join(' or ')}`,
      budget: 'instanceState',
      intervalMs: 1000,
      ...(signal ? { signal } : {}),
    },
    async () => {
      const states = await readStates(ec2, ids)
      return ids.every((id) => wanted.includes(states[id] ?? 'absent'))
        ? { done: true, value: true }
        : { done: false, seen: states }
    },
  )
}

/**
 * Has instances started that are stopped, or are about to be, and returns when EC2 has taken that
 * for all of them. Each is asked for whatever it is said to be: the answer to a change tells what
 * is, where a description may tell what was, and an instance that runs stays as it is.
 *
 * @returns those that run or are about to; the others are gone for good
 * @throws WaitTimeoutError, while one is stopping or there is no capacity for it
 */
export async function startStopped(
  ec2: Ec2,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const isStarted = await Promise.all(ids.map((id) => startOne(ec2, id, signal)))
  return ids.filter((_, index) => isStarted[index])
}

async function startOne(ec2: Ec2, id: string, signal?: AbortSignal): Promise<boolean> {
  const { client, sdk } = ec2
  let absentSinceMs: number | undefined
  return poll(
    {
      what: `instance ${id} to be startable`,
      budget: 'instanceState',
      intervalMs: 1000,
      ...(signal ? { signal } : {}),
    },
    async () => {
      try {
        await client.send(new sdk.StartInstancesCommand({ InstanceIds: [id] }))
        return { done: true, value: true }
      } catch (error) {
        const { name, message } = error instanceof Error ? error : { name: '', message: '' }
        if (!NOT_STARTABLE.has(name)) throw error
        if (name === 'InvalidInstanceID.NotFound') {
          absentSinceMs ??= performance.now()
          const isGone = performance.now() - absentSinceMs >= ec2.behindMs
          return isGone ? { done: true, value: false } : { done: false, seen: message }
        }
        absentSinceMs = undefined
        const { [id]: state = 'absent' } = await readStates(ec2, [id])
        // An answer may tell what was, but never what is yet to come.
        const isEnding = state === 'terminated' || state === 'shutting-down'
        return isEnding
          ? { done: true, value: false }
          : { done: false, seen: `${state}: ${message}` }
      }
    },
  )
}

/** Why an instance can't be started now, and perhaps later. */
const NOT_STARTABLE = new Set([
  'IncorrectInstanceState',
  'InsufficientInstanceCapacity',
  'InvalidInstanceID.NotFound',
])
