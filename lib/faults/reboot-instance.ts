import { awaitNodesUsable, readNodes } from '../kube/node-state.ts'
import { poll } from '../std/poll.ts'
import { type Fault, needAws } from './fault.ts'
import { type InstancePlan, type InstanceWish, planInstances } from './instance-plan.ts'
import { keptPodsBack } from './kept-pods.ts'

/** A reboot mends itself: there is nothing to take back. */
export const rebootInstance: Fault<InstanceWish, InstancePlan> = {
  name: 'reboot-instance',
  plan: (view, wish) => planInstances(view, 'reboot-instance', 'Reboot', wish),
  inject: async (context, { instances }) => {
    const { client, sdk } = await needAws(context, 'reboot-instance').ec2()
    const ids = instances.map(({ id }) => id)
    await context.log.change({ action: `reboot ${ids.join(', ')}`, undo: { kind: 'none' } }, () =>
      client.send(new sdk.RebootInstancesCommand({ InstanceIds: ids })),
    )
    return { changes: [] }
  },
  observe: async ({ cluster }, { instances }) => {
    const names = instances.map(({ node }) => node)
    const bootIds = await poll(
      { what: `nodes ${names.join(', ')} to report another boot`, budget: 'nodeReady' },
      async () => {
        const now = new Map(
          (await readNodes(cluster, names)).map((node) => [
            node.metadata?.name,
            node.status?.nodeInfo?.bootID ?? '',
          ]),
        )
        const same = instances.filter(({ node, bootId }) => (now.get(node) ?? bootId) === bootId)
        return same.length === 0
          ? { done: true, value: Object.fromEntries(now) }
          : { done: false, seen: same.map(({ node, bootId }) => `${node}: boot ${bootId}`) }
      },
    )
    return { text: `${names.join(', ')} booted anew.`, data: { bootIds } }
  },
  heal: () => Promise.resolve(),
  recovered: async (context, { instances, pods }) => {
    await awaitNodesUsable(
      context.cluster,
      instances.map(({ node }) => node),
    )
    await keptPodsBack(context, pods)
  },
}
