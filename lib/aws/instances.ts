import type { Instance } from '@aws-sdk/client-ec2'
import { poll } from '../std/poll.ts'
import type { Ec2 } from './ec2.ts'

/** How an instance is stopped: by its OS, or as when the power goes. */
export type StopMode = 'orderly' | 'power-cut'

/** Name of an instance's state; `absent` of one that is no longer, or not yet, listed. */
export function stateOf(instance: Instance | undefined): string {
  return instance?.State?.Name ?? 'absent'
}

/** Value of a tag. */
export function tagOf(instance: Instance, key: string): string | undefined {
  return instance.Tags?.find((tag) => tag.Key === key)?.Value
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
 * Starts those that are stopped, or are about to be, and waits until they run. Ones that are gone
 * for good are left.
 */
export async function startStopped(
  ec2: Ec2,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const before = await readStates(ec2, ids)
  const alive = ids.filter((id) => !isGoneForGood(before[id] ?? 'absent'))
  if (alive.length === 0) return alive
  await awaitStates(
    ec2,
    alive,
    ['stopped', 'running', 'pending', 'terminated', 'shutting-down'],
    signal,
  )
  const now = await readStates(ec2, alive)
  const stopped = alive.filter((id) => now[id] === 'stopped')
  if (stopped.length > 0) {
    await ec2.client.send(new ec2.sdk.StartInstancesCommand({ InstanceIds: stopped }))
  }
  const expected = alive.filter((id) => !isGoneForGood(now[id] ?? 'absent'))
  await awaitStates(ec2, expected, ['running'], signal)
  return expected
}

function isGoneForGood(state: string): boolean {
  return state === 'terminated' || state === 'shutting-down' || state === 'absent'
}
