import { PatchStrategy, setHeaderOptions, type V1Node, type V1Taint } from '@kubernetes/client-node'
import { poll } from '../std/poll.ts'
import { type Cluster, orAbsent, statusOf } from './cluster.ts'

/** The cloud controller's taint on the node of an instance that is stopped. */
export const SHUTDOWN_TAINT = 'node.cloudprovider.kubernetes.io/shutdown'

/** Taints by which the controllers say that a node can't be worked with. */
const TROUBLE_TAINTS = [
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
  'node.kubernetes.io/network-unavailable',
  SHUTDOWN_TAINT,
]

/** Whether the node's Ready condition holds. */
export function isNodeReady(node: V1Node): boolean {
  return (node.status?.conditions ?? []).some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  )
}

/** The EC2 instance behind a node, of its `aws:///us-east-1a/i-…`; undefined where it is none. */
export function instanceIdOf({ spec }: V1Node): string | undefined {
  return /^aws:\/\/.*\/(i-[0-9a-f]+)$/.exec(spec?.providerID ?? '')?.[1]
}

export function hasTaint(node: V1Node, key: string, effect?: string): boolean {
  return (node.spec?.taints ?? []).some(
    (taint) => taint.key === key && (effect === undefined || taint.effect === effect),
  )
}

/** What keeps a node from being used, in a few words each; empty when it can be. */
export function nodeTroubles(node: V1Node): string[] {
  return [
    ...(isNodeReady(node) ? [] : ['not Ready']),
    ...TROUBLE_TAINTS.filter((key) => hasTaint(node, key)),
  ]
}

/** Nodes by name; those that don't exist are left out. */
export async function readNodes(cluster: Cluster, names: readonly string[]): Promise<V1Node[]> {
  const { items } = await cluster.core.listNode()
  return items.filter((node) => names.includes(node.metadata?.name ?? ''))
}

/**
 * Waits until nodes are Ready and free of the taints of a lost node.
 *
 * @throws WaitTimeoutError that tells the troubles of each
 */
export async function awaitNodesUsable(
  cluster: Cluster,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  await poll(
    {
      what: `nodes ${names.join(', ')} to be Ready`,
      budget: 'nodeReady',
      ...(signal ? { signal } : {}),
    },
    async () => {
      const found = new Map(
        (await readNodes(cluster, names)).map((node) => [node.metadata?.name, node]),
      )
      const troubles = names.flatMap((name) => {
        const node = found.get(name)
        const said = node ? nodeTroubles(node) : ['no such node']
        return said.length === 0 ? [] : [`${name}: ${said.join(', ')}`]
      })
      return troubles.length === 0
        ? { done: true, value: true }
        : { done: false, seen: troubles.join('; ') }
    },
  )
}

/**
 * Changes a node's taints; done again when somebody else changed the node meanwhile. A node that
 * is gone is left.
 */
export async function changeTaints(
  cluster: Cluster,
  name: string,
  change: (taints: readonly V1Taint[]) => readonly V1Taint[],
  signal?: AbortSignal,
): Promise<void> {
  await poll(
    {
      what: `the taints of node ${name} to be changed`,
      budget: 'apiCall',
      intervalMs: 100,
      ...(signal ? { signal } : {}),
    },
    async () => {
      const node = await orAbsent(cluster.core.readNode({ name }))
      const before = node?.spec?.taints ?? []
      const after = change(before)
      if (!node || after === before) return { done: true, value: true }
      try {
        await cluster.core.patchNode(
          {
            name,
            body: {
              metadata: { resourceVersion: node.metadata?.resourceVersion },
              spec: { taints: after },
            },
          },
          setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
        )
      } catch (error) {
        if (statusOf(error) !== 409) throw error
        return { done: false, seen: 'changed by somebody else meanwhile' }
      }
      return { done: true, value: true }
    },
  )
}
