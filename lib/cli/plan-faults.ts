import { nodesToCordon } from '../faults/cordon-zone.ts'
import type { Cluster } from '../kube/cluster.ts'
import type { FaultName } from '../model/scenario.ts'
import type { Zone } from '../model/target.ts'

/** What a fault would hit, by name. */
export interface PlannedFault {
  readonly fault: FaultName
  /** What it does, and to how many of the objects at a time. */
  readonly text: string
  readonly hits: readonly PlannedHit[]
}

export interface PlannedHit {
  readonly kind: 'Node' | 'Pod' | 'Zone'
  readonly name: string
  readonly zone?: string
  /** EC2's id of a node. */
  readonly instance?: string
  /** What is special about it: it is cordoned already. */
  readonly note?: string
}

interface Scope {
  /** Undefined when there is none yet; then there are no zones either. */
  readonly cluster: Cluster | undefined
  readonly zones: readonly Zone[]
  /** Of the database, which isn't there yet. */
  readonly pods: readonly string[]
}

/** Which of a zone's nodes, or of the database's pods, a scenario picks is known when it runs. */
const FAULTS: Readonly<
  Record<FaultName, { readonly text: string; readonly of: 'nodes' | 'pods' | 'zones' }>
> = {
  'cordon-zone': {
    text: 'cordons the nodes of one zone at a time, sees a canary pod refused, and opens them again',
    of: 'nodes',
  },
  'drain-zone': { text: 'cordons the nodes of one zone and evicts their pods', of: 'nodes' },
  'stop-instance': {
    text: 'stops an instance in an orderly way, and starts it again',
    of: 'nodes',
  },
  'power-cut': { text: "cuts an instance's power, and starts it again", of: 'nodes' },
  'out-of-service': {
    text: 'marks the node of an instance without power as out of service',
    of: 'nodes',
  },
  'terminate-instance': { text: 'terminates an instance, which its group replaces', of: 'nodes' },
  'reboot-instance': { text: 'reboots an instance', of: 'nodes' },
  'zone-outage': { text: 'cuts the power of all instances of a zone', of: 'nodes' },
  'two-zone-outage': { text: 'cuts the power of all instances of two zones or more', of: 'nodes' },
  'zone-partition': {
    text: "replaces the network ACL of a zone's subnets for a while",
    of: 'zones',
  },
  'capacity-outage': { text: 'lets launches in a zone fail for a while', of: 'zones' },
  'delete-pod': { text: 'deletes pods that the run made, one or all at a time', of: 'pods' },
  'kill-process': { text: 'kills the database in a pod that the run made', of: 'pods' },
  'pause-process': { text: 'pauses the database in a pod that the run made', of: 'pods' },
  'detach-volume': { text: 'detaches the volume of a pod that the run made', of: 'pods' },
}

/** What faults would hit on a cluster, without injecting any. */
export async function planFaults(
  faults: readonly FaultName[],
  { cluster, zones, pods }: Scope,
): Promise<PlannedFault[]> {
  const hits: Readonly<Record<'nodes' | 'pods' | 'zones', readonly PlannedHit[]>> = {
    nodes: cluster ? await nodesOf(cluster, zones) : [],
    pods: pods.map((name) => ({ kind: 'Pod', name })),
    zones: zones.map(({ name }) => ({ kind: 'Zone', name })),
  }
  return [...new Set(faults)].map((fault) => {
    const { text, of } = FAULTS[fault]
    return { fault, text, hits: hits[of] }
  })
}

async function nodesOf(cluster: Cluster, zones: readonly Zone[]): Promise<PlannedHit[]> {
  const instances = new Map(
    zones.flatMap(({ nodes }) => nodes.map(({ name, instanceId }) => [name, instanceId] as const)),
  )
  const plans = await Promise.all(
    zones.map(async (zone) => ({ zone: zone.name, nodes: await nodesToCordon(cluster, zone) })),
  )
  return plans.flatMap(({ zone, nodes }) =>
    nodes.map(({ name, wasUnschedulable }): PlannedHit => {
      const instance = instances.get(name)
      return {
        kind: 'Node',
        name,
        zone,
        ...(instance === undefined ? {} : { instance }),
        ...(wasUnschedulable ? { note: 'cordoned already, and stays so' } : {}),
      }
    }),
  )
}
