import { budgetMs } from '../std/budgets.ts'
import type { NodeIdentity } from './facts.ts'
import { type InstanceShell, runOn, type ShellHost } from './instance-shell.ts'

/** Prints who a Cassandra node is, by its own word; wherever nodetool is on PATH. */
export const IDENTITY_SCRIPT = `set -e
nodetool info -T
nodetool describecluster
nodetool netstats | head -n 1`

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
    // A pattern that doesn't find itself among the command lines.
    `set -e
if ! nodetool netstats > /dev/null && ! grep -qs '[C]assandraDaemon' /proc/[0-9]*/cmdline; then
  sync
  exit
fi
nodetool netstats | grep -q '^Mode: DRAINED' || nodetool drain
nodetool netstats | grep '^Mode: DRAINED'
sync`,
    budgetMs('nodeDrained'),
  )
}
