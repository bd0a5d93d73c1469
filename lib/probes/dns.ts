import { isIP } from 'node:net'
import type { Cluster } from '../kube/cluster.ts'
import { execInPod } from '../kube/exec.ts'

/** From where a name is asked. */
export interface Vantage {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly node: string
}

export interface DnsAnswer {
  readonly node: string
  readonly pod: string
  /** Sorted; empty when the name is not known there. */
  readonly addresses: readonly string[]
}

/** What images offer to ask for a name; the first that is there is used. */
const RESOLVERS: readonly ((name: string) => readonly string[])[] = [
  (name) => ['getent', 'ahostsv4', name],
  (name) => ['getent', 'hosts', name],
  (name) => ['nslookup', name],
]

/** Exit codes by which container runtimes and shells say that there is no such command. */
const NO_SUCH_COMMAND = new Set([126, 127])

/**
 * Asks for a name in a pod, so by the resolver, the node and the network that a client there has.
 *
 * @returns undefined if the image offers no means to ask
 */
export async function resolveIn(
  cluster: Cluster,
  { namespace, pod, container, node }: Vantage,
  name: string,
): Promise<DnsAnswer | undefined> {
  for (const command of RESOLVERS) {
    try {
      const { stdout, exitCode } = await execInPod(cluster, {
        namespace,
        pod,
        container,
        command: command(name),
      })
      if (NO_SUCH_COMMAND.has(exitCode)) continue
      return { node, pod, addresses: exitCode === 0 ? parseAddresses(stdout) : [] }
    } catch (error) {
      // A runtime may refuse what it can't find instead of running it with an exit code.
      if (!/not found|no such file|could not be run/i.test(String(error))) throw error
    }
  }
  return undefined
}

/** Addresses in what getent or nslookup prints, without those of the name server itself. */
export function parseAddresses(output: string): string[] {
  const server = output.search(/^Server:/m)
  // nslookup names the server first, then a blank line, then its answer.
  const answer = server >= 0 ? output.slice(output.indexOf('\n\n', server) + 2) : output
  const words = answer.split(/\s+/).map((word) => word.replace(/[#:]\d+$/, ''))
  return [...new Set(words.filter((word) => isIP(word) !== 0))].toSorted()
}
