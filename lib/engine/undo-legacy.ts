import { restartDatabase } from '../migrate/restart-database.ts'
import { shellOf } from '../migrate/instance-shell.ts'
import { CleanupError } from '../model/errors.ts'
import type { Undo } from '../model/journal.ts'

/** Brings the databases of a legacy ring back that was drained, each unless it serves. */
export async function restartDatabases(
  { hosts, onInstance, restart }: Extract<Undo, { kind: 'restart-databases' }>,
  signal: AbortSignal,
): Promise<void> {
  const shell = shellOf(onInstance)
  const ends = await Promise.allSettled(
    hosts.map((host) => restartDatabase(shell, host, restart, signal)),
  )
  const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []))
  if (failed.length === 0) return
  throw new CleanupError(
    `Of ${hosts.length} legacy databases ${failed.length} don't serve again.`,
    {
      cause: failed[0],
      hint: `On each of ${hosts.map(({ instanceId }) => instanceId).join(', ')}: ${restart}`,
    },
  )
}
