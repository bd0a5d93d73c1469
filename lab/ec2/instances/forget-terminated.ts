import type { Ec2Context } from '../context.ts'

/** EC2 goes on showing a terminated instance for about an hour. */
const VISIBLE_MS = 3_600_000

export function forgetTerminated(context: Ec2Context): void {
  const nowMs = context.clock.now()
  for (const [id, { state }] of context.instances) {
    if (state.name === 'terminated' && nowMs - state.sinceMs > VISIBLE_MS) {
      context.instances.delete(id)
    }
  }
}
