import { isIP } from 'node:net'
import type { Cluster } from '../../kube/cluster.ts'
import { execInPod } from '../../kube/exec.ts'
import { InconclusiveError } from '../../model/errors.ts'

/** A pod that runs a Cassandra node. */
export interface CassandraPod {
  readonly namespace: string
  readonly name: string
  readonly container: string
}

/** A member of the ring as one node sees it. */
export interface RingMember {
  readonly address: string
  readonly up: boolean
  readonly state: 'normal' | 'leaving' | 'joining' | 'moving'
  readonly hostId: string
  readonly rack: string
}

const STATES = { N: 'normal', L: 'leaving', J: 'joining', M: 'moving' } as const

/**
 * Runs nodetool in a pod.
 *
 * @throws InconclusiveError when it says no; its words are in the message
 */
export async function nodetool(
  cluster: Cluster,
  pod: CassandraPod,
  command: readonly string[],
  timeoutMs?: number,
): Promise<string> {
  const { stdout, stderr, exitCode } = await execInPod(cluster, {
    namespace: pod.namespace,
    pod: pod.name,
    container: pod.container,
    command: ['nodetool', ...command],
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  if (exitCode === 0) return stdout
  const words = (stderr.trim() || stdout.trim()).split('\n').slice(-3).join(' ')
  throw new InconclusiveError(
    `nodetool ${command.join(' ')} in pod ${pod.name} ended with exit code ${exitCode}: ${words}`,
  )
}

/** The ring as a pod's node sees it. */
export async function readRing(cluster: Cluster, pod: CassandraPod): Promise<RingMember[]> {
  const members = parseStatus(await nodetool(cluster, pod, ['status']))
  if (members.length === 0) {
    throw new InconclusiveError(`nodetool status in pod ${pod.name} lists no member.`)
  }
  return members
}

/** The members in what `nodetool status` prints, of 3.11 and of 4 and 5, in the order printed. */
export function parseStatus(output: string): RingMember[] {
  const members: RingMember[] = []
  for (const line of output.split('\n')) {
    const match = MEMBER.exec(line)
    if (!match) continue
    const [, up, state, address = '', hostId = '', rack = ''] = match
    members.push({
      address,
      up: up === 'U',
      state: STATES[state === 'L' || state === 'J' || state === 'M' ? state : 'N'],
      hostId,
      rack,
    })
  }
  return members
}

/** `UN  10.1.0.2  103.81 KiB  32  100.0%  6f2c…  Rack1`; load and ownership may be `?`. */
const MEMBER = /^([UD])([NLJM])\s+(\S+)\s.*\s([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s+(\S+)/

/** Addresses of the replicas of a key, as `nodetool getendpoints` names them. */
export async function readEndpoints(
  cluster: Cluster,
  pod: CassandraPod,
  keyspace: string,
  table: string,
  key: string,
): Promise<string[]> {
  return parseEndpoints(await nodetool(cluster, pod, ['getendpoints', keyspace, table, key]))
}

/** The addresses in what `nodetool getendpoints` prints; 4 and 5 may add a port. */
export function parseEndpoints(output: string): string[] {
  const words = output.split(/\s+/).map((word) => word.replace(/^\/|:\d+$/g, ''))
  return words.filter((word) => isIP(word) !== 0).toSorted()
}
