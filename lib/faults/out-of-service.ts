import { changeTaints, hasTaint, isNodeReady } from '../kube/node-state.ts'
import { orAbsent } from '../kube/cluster.ts'
import { InconclusiveError, PreflightError } from '../model/errors.ts'
import { poll } from '../std/poll.ts'
import { type Fault, type FaultPlan, healByUndo } from './fault.ts'

const OUT_OF_SERVICE_TAINT = {
  key: 'node.kubernetes.io/out-of-service',
  value: 'nodeshutdown',
  effect: 'NoExecute',
} as const

export interface OutOfServicePlan extends FaultPlan {
  readonly node: string
}

/**
 * The taint by which an administrator says that a node's power is off for certain: its pods are
 * collected and its volumes detached without the six minutes' wait for a force detach
 * (KEP-2268, "Non graceful node shutdown").
 */
export const outOfService: Fault<{ readonly node: string }, OutOfServicePlan> = {
  name: 'out-of-service',
  plan: async ({ cluster }, { node }) => {
    const found = await orAbsent(cluster.core.readNode({ name: node }))
    if (!found) throw new InconclusiveError(`There is no node ${node}.`)
    if (isNodeReady(found)) {
      throw new PreflightError(
        `Node ${node} is Ready: its pods still run and must not be collected.`,
      )
    }
    if (hasTaint(found, OUT_OF_SERVICE_TAINT.key)) {
      throw new InconclusiveError(`Node ${node} is out of service already.`)
    }
    return {
      subject: `node/${node}`,
      text: `Take node ${node} out of service.`,
      touches: [`node/${node}`],
      node,
    }
  },
  inject: async (context, { node }) => {
    const { key, effect } = OUT_OF_SERVICE_TAINT
    const { id } = await context.log.change(
      { action: `taint node ${node} ${key}`, undo: { kind: 'remove-taint', node, key, effect } },
      () => changeTaints(context.cluster, node, (taints) => [...taints, OUT_OF_SERVICE_TAINT]),
    )
    return { changes: [id] }
  },
  observe: async ({ cluster }, { node }) => {
    const attachmentsOf = async () =>
      (await cluster.storage.listVolumeAttachment()).items.filter(
        ({ spec }) => spec.nodeName === node,
      )
    const leaving = await poll(
      { what: `the volumes of node ${node} to be given up`, budget: 'volumeDetached' },
      async () => {
        const left = await attachmentsOf()
        const held = left.filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
        return held.length === 0
          ? { done: true, value: left }
          : { done: false, seen: held.map(({ metadata }) => metadata?.name) }
      },
    )
    return {
      text: `Kubernetes has given up the volumes of node ${node} at once.`,
      // The CSI controller ends them, which the fault may have taken away too.
      data: { node, stillLeaving: leaving.map(({ metadata }) => metadata?.name) },
    }
  },
  heal: healByUndo,
  recovered: () => Promise.resolve(),
}
