import { budgetMs } from '../std/budgets.ts'
import type { NodeIdentity } from './facts.ts'
import { type InstanceShell, runOn, type ShellHost } from './instance-shell.ts'

/** Prints who a Cassandra node is, by its own word; wherever nodetool is on PATH. */
export const IDENTITY_SCRIPT = `set -e
nodetool info -T
nodetool describecluster
nodetool netstats | head -n 1`

/** Whether there is a Cassandra, by a pattern that doesn't find itself among the command lines. */
const RUNS = `grep -qs '[C]assandraDaemon' /proc/[0-9]*/cmdline`

/** Asks the node of a machine who it is; undefined when none answers there. */
export async function readIdentity(
  shell: InstanceShell,
  host: ShellHost,
): Promise<NodeIdentity | undefined> {
  try {
    return parseIdentity(await runOn(shell, host, IDENTITY_SCRIPT, budgetMs('nodeIdentity')))
  } catch {
    return undefined
  }
}

/**
 * Whether a machine's database runs and is not drained. One that doesn't say who it is may be on its
 * way up, or be asked in the wrong way; undefined when the machine itself doesn't answer.
 */
export async function readServing(
  shell: InstanceShell,
  host: ShellHost,
  identity: NodeIdentity | undefined,
): Promise<boolean | undefined> {
  if (identity !== undefined) return identity.mode !== 'DRAINED'
  try {
    return (await runOn(shell, host, `${RUNS} && echo runs || echo is not there`)).trim() === 'runs'
  } catch {
    return undefined
  }
}

/** Who a node is, of what `IDENTITY_SCRIPT` prints; undefined when that says too little. */
export function parseIdentity(output: string): NodeIdentity | undefined {
  const value = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}\\s*: *(.+?)\\s*$`, 'm').exec(output)?.[1]
  const found = {
    clusterName: value('Name'),
    datacenter: value('Data Center'),
    rack: value('Rack'),
    hostId: value('ID'),
    mode: value('Mode'),
  }
  const { clusterName, datacenter, rack, hostId, mode } = found
  if (!clusterName || !datacenter || !rack || !hostId || !mode) return undefined
  const tokens = [...output.matchAll(/^Token\s*: *(-?\d+)\s*$/gm)].map(([, token = '']) => token)
  const uptime = value('Uptime \\(seconds\\)')
  return {
    clusterName,
    datacenter,
    rack,
    hostId,
    mode,
    tokens: tokens.toSorted(),
    ...(uptime === undefined ? {} : { uptimeSeconds: Number(uptime) }),
  }
}

/**
 * Has a node write all that it has to its volume and take no more writes. Idempotent; a node whose
 * database was stopped has nothing to write.
 *
 * @throws InconclusiveError when it is not drained after that
 */
export async function drainNode(shell: InstanceShell, host: ShellHost): Promise<void> {
  await runOn(
    shell,
    host,
    `set -e
if ! nodetool netstats > /dev/null && ! ${RUNS}; then
  sync
  exit
fi
nodetool netstats | grep -q '^Mode: DRAINED' || nodetool drain
nodetool netstats | grep '^Mode: DRAINED'
sync`,
    budgetMs('nodeDrained'),
  )
}
