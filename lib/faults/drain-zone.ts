import type { V1Pod } from '@kubernetes/client-node'
import { explainApiError, orAbsent, statusOf } from '../kube/cluster.ts'
import { AGENT_ROLE, ROLE_LABEL } from '../model/run-label.ts'
import { InconclusiveError } from '../model/errors.ts'
import type { Zone } from '../model/target.ts'
import { budgetMs } from '../std/budgets.ts'
import { poll, WaitTimeoutError } from '../std/poll.ts'
import {
  type Fault,
  type FaultContext,
  type FaultEffect,
  type FaultPlan,
  healByUndo,
} from './fault.ts'
import { type KeptPod, keptPods, keptPodsBack } from './kept-pods.ts'
import { cordonNodes, nodesAsBefore, type NodeToCordon, nodesToCordon } from './cordon-zone.ts'

interface PodToEvict {
  readonly name: string
  readonly uid: string
  readonly node: string
}

export interface DrainWish extends Zone {
  /** How long a refused eviction is asked for again; default: the budget `eviction`. */
  readonly giveUpMs?: number
}

export interface DrainPlan extends FaultPlan {
  readonly zone: string
  readonly nodes: readonly NodeToCordon[]
  readonly pods: readonly PodToEvict[]
  /** Of these, the ones that come back by name. */
  readonly kept: readonly KeptPod[]
  readonly giveUpMs: number
}

export interface Drained extends FaultEffect {
  readonly evicted: readonly PodToEvict[]
  /** A disruption budget's refusals are evidence, not errors. */
  readonly refused: readonly {
    readonly pod: string
    readonly times: number
    readonly said: string
  }[]
}

/**
 * What `kubectl drain` does to a zone, to the pods of the run's namespace: the nodes are cordoned
 * and the pods evicted as their disruption budgets allow. DaemonSets' pods and static ones stay.
 */
export const drainZone: Fault<DrainWish, DrainPlan, Drained> = {
  name: 'drain-zone',
  plan: async ({ cluster, namespace }, zone) => {
    const nodes = await nodesToCordon(cluster, zone)
    const { items } = await cluster.core.listNamespacedPod({ namespace })
    const evictable = items.filter(
      (pod) => isEvictable(pod) && nodes.some(({ name }) => name === pod.spec?.nodeName),
    )
    const pods = evictable.map(({ metadata, spec }) => {
      const { name = '', uid = '' } = metadata ?? {}
      return { name, uid, node: spec?.nodeName ?? '' }
    })
    if (pods.length === 0) {
      throw new InconclusiveError(`Zone ${zone.name} has no pod of ${namespace} to evict.`)
    }
    return {
      subject: `zone/${zone.name}`,
      text: `Drain zone ${zone.name} of ${pods.map(({ name }) => name).join(', ')}.`,
      touches: [
        `zone/${zone.name}`,
        ...nodes.map(({ name }) => `node/${name}`),
        ...pods.map(({ name }) => `pod/${name}`),
      ],
      zone: zone.name,
      nodes,
      pods,
      kept: keptPods(evictable),
      giveUpMs: zone.giveUpMs ?? budgetMs('eviction'),
    }
  },
  inject: async (context, { nodes, pods, giveUpMs }) => {
    const changes = await cordonNodes(context, nodes)
    const outcomes = await Promise.all(
      pods.map(async (pod) => ({ pod, ...(await evict(context, pod, giveUpMs)) })),
    )
    return {
      changes,
      evicted: outcomes.flatMap(({ pod, evicted }) => (evicted ? [pod] : [])),
      refused: outcomes.flatMap(({ pod, times, said }) =>
        said === undefined ? [] : [{ pod: pod.name, times, said }],
      ),
    }
  },
  observe: async ({ cluster, namespace }, { zone }, { evicted, refused }) => {
    const left = await poll(
      { what: `${evicted.length} evicted pods of zone ${zone} to be gone`, budget: 'podGone' },
      async () => {
        const { items } = await cluster.core.listNamespacedPod({ namespace })
        const there = evicted.filter(({ uid }) =>
          items.some(({ metadata }) => metadata?.uid === uid),
        )
        return there.length === 0
          ? { done: true, value: items }
          : { done: false, seen: there.map(({ name }) => name) }
      },
    )
    return {
      text:
        `Evicted from zone ${zone}: ${evicted.map(({ name }) => name).join(', ') || 'none'}; ` +
        `refused: ${refused.map(({ pod, times }) => `${pod} (${times}×)`).join(', ') || 'none'}.`,
      data: { evicted, refused, pods: left.map(({ metadata }) => metadata?.name) },
    }
  },
  heal: healByUndo,
  recovered: async (context, { zone, nodes, kept }, { evicted }) => {
    await nodesAsBefore(context.cluster, zone, nodes)
    await keptPodsBack(
      context,
      kept.filter((pod) => evicted.some(({ name }) => name === pod.name)),
    )
  },
}

/**
 * Asks for an eviction, again and again while a disruption budget refuses it (HTTP 429), within
 * the budget `eviction`.
 */
async function evict(
  context: FaultContext,
  { name, uid, node }: PodToEvict,
  giveUpMs: number,
): Promise<{ evicted: boolean; times: number; said: string | undefined }> {
  const { cluster, namespace } = context
  let times = 0
  let said: string | undefined
  try {
    await context.log.change(
      { action: `evict pod ${name} (${uid}) from ${node}`, undo: { kind: 'none' } },
      () =>
        poll(
          {
            what: `pod ${name} to be evicted`,
            budget: 'eviction',
            budgetMs: giveUpMs,
            intervalMs: 1000,
          },
          async () => {
            try {
              await orAbsent(
                cluster.core.createNamespacedPodEviction({
                  name,
                  namespace,
                  body: {
                    metadata: { name, namespace },
                    deleteOptions: { preconditions: { uid } },
                  },
                }),
              )
              return { done: true, value: true }
            } catch (error) {
              // 429: a disruption budget's no. 409: another pod holds the name, so ours is gone.
              if (statusOf(error) === 409) return { done: true, value: true }
              if (statusOf(error) !== 429) throw error
              times += 1
              said = explainApiError(error)
              return { done: false, seen: said }
            }
          },
        ),
    )
    return { evicted: true, times, said }
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    return { evicted: false, times, said }
  }
}

/** Neither a DaemonSet's nor static, and not ended: what `kubectl drain` moves. Agents stay too. */
function isEvictable({ metadata, status }: V1Pod): boolean {
  const isOfDaemonSet = (metadata?.ownerReferences ?? []).some(({ kind }) => kind === 'DaemonSet')
  const isStatic = metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined
  const isEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  const isAgent = metadata?.labels?.[ROLE_LABEL] === AGENT_ROLE
  return (
    !isAgent && !isOfDaemonSet && !isStatic && !isEnded && metadata?.deletionTimestamp === undefined
  )
}
