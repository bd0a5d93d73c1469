import { budgetMs } from '../std/budgets.ts'
import type { NodeIdentity } from './facts.ts'
import { type InstanceShell, runOn, type ShellHost } from './instance-shell.ts'

/** Prints who a Cassandra node is, by its own word; wherever nodetool is on PATH. */
export const IDENTITY_SCRIPT = `set -e
nodetool info -T
nodetool describecluster
nodetool status
nodetool netstats | head -n 1`

/**
 * Whether there is a Cassandra: by its ports, or by what stands early in its command line, of which
 * old kernels show no more than a page; the pattern doesn't find itself. Ends with an error where the
 * processes of others are hidden: then nobody knows.
 */
const RUNS = `runs_here() {
  [ -n "$(cat /proc/1/cmdline 2> /dev/null)" ] || { echo 'processes are hidden' >&2; exit 1; }
  for port in 7199 7000 7001 9042; do (exec 3<> /dev/tcp/127.0.0.1/$port) 2> /dev/null && return; done
  grep -qsE '[C]assandraDaemon|-[D]cassandra[.]' /proc/[0-9]*/cmdline
}`

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

/** Whether a database is at rest. */
interface Rest {
  /** Undefined when the machine doesn't answer. */
  readonly isServing: boolean | undefined
  /** Of the database, or where there is none of the machine. */
  readonly uptimeSeconds: number | undefined
}

/**
 * Whether a machine's database runs and is not drained. One that doesn't say who it is may be on its
 * way up, or be asked in the wrong way.
 */
export async function readServing(
  shell: InstanceShell,
  host: ShellHost,
  identity: NodeIdentity | undefined,
): Promise<Rest> {
  if (identity !== undefined) {
    const { mode, uptimeSeconds } = identity
    return { isServing: mode !== 'DRAINED', uptimeSeconds }
  }
  try {
    const ask = `if runs_here; then echo runs; else echo none; fi\ncut -d ' ' -f 1 /proc/uptime`
    const [runs, uptime] = (await runOn(shell, host, `${RUNS}\n${ask}`)).trim().split('\n')
    return { isServing: runs === 'runs', uptimeSeconds: Number(uptime) }
  } catch {
    return { isServing: undefined, uptimeSeconds: undefined }
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
    members: [...output.matchAll(/^[UD][NLJM]\s+(\S+)\s/gm)].map(([, address = '']) => address),
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
${RUNS}
if ! nodetool netstats > /dev/null && ! runs_here; then
  sync
  exit
fi
nodetool netstats | grep -q '^Mode: DRAINED' || nodetool drain
nodetool netstats | grep '^Mode: DRAINED'
sync`,
    budgetMs('nodeDrained'),
  )
}
