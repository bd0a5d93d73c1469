import { budgetMs } from '../std/budgets.ts'
import { poll } from '../std/poll.ts'
import { readIdentity } from './identity.ts'
import { type InstanceShell, runOn, type ShellHost } from './instance-shell.ts'

/**
 * Restarts a machine's database, unless it serves, and waits until it does.
 *
 * @param restart command that restarts it there
 * @throws InconclusiveError when the command fails, WaitTimeoutError
 */
export async function restartDatabase(
  shell: InstanceShell,
  host: ShellHost,
  restart: string,
  signal?: AbortSignal,
): Promise<void> {
  const modeOf = async (): Promise<string | undefined> => (await readIdentity(shell, host))?.mode
  if ((await modeOf()) === 'NORMAL') return
  await runOn(shell, host, restart, budgetMs('ringUp'))
  await poll(
    {
      what: `the database of ${host.instanceId} to serve`,
      budget: 'ringUp',
      intervalMs: 2000,
      ...(signal === undefined ? {} : { signal }),
    },
    async () => {
      const mode = await modeOf()
      return mode === 'NORMAL'
        ? { done: true, value: true }
        : { done: false, seen: mode ?? 'nobody answers' }
    },
  )
}
