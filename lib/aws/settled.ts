import { poll } from '../std/poll.ts'
import type { Ec2 } from './ec2.ts'

/** So many looks while answers may be behind, but no more than one a second. */
const LOOKS = 30

/**
 * Looks until it finds something. EC2 is eventually consistent: what was made or changed a moment
 * ago may not show yet, and one copy may not know what another has just told. So that nothing is
 * found counts only when it is said after as long as answers may be behind.
 *
 * @param what completes "waited for …": `an instance of token t to show`
 * @returns undefined when there is nothing
 */
export async function untilSettled<T>(
  { behindMs }: Pick<Ec2, 'behindMs'>,
  what: string,
  look: () => Promise<T | undefined>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const settledMs = performance.now() + behindMs
  return poll<T | undefined>(
    {
      what,
      budget: 'ec2Settles',
      intervalMs: Math.max(1000, behindMs / LOOKS),
      ...(signal ? { signal } : {}),
    },
    async () => {
      const isSettled = performance.now() >= settledMs
      const found = await look()
      return found !== undefined || isSettled
        ? { done: true, value: found }
        : { done: false, seen: 'nothing yet' }
    },
  )
}
