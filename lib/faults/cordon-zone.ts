import { PatchStrategy, setHeaderOptions, type V1Node } from '@kubernetes/client-node'
import { InconclusiveError } from '../model/errors.ts'
import type { Zone } from '../model/target.ts'
import { poll, WaitTimeoutError } from '../std/poll.ts'
import { type Cluster, explainApiError, statusOf } from '../kube/cluster.ts'
import { hasTaint, readNodes } from '../kube/node-state.ts'
import type { FaultContext } from './fault.ts'
import { seeCanaryRefused } from './canary.ts'

/** Which nodes a cordon touches, and what each was before: one cordoned before us stays so. */
export interface CordonPlan {
  readonly zone: string
  readonly nodes: readonly { readonly name: string; readonly wasUnschedulable: boolean }[]
}

/** A cordon in effect; its nodes and journal entries were resolved once, at plan time. */
export interface Cordon {
  readonly plan: CordonPlan
  readonly entries: readonly { readonly node: string; readonly journalId: string }[]
}

const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)

/**
 * Names the nodes of a zone and how they are now.
 *
 * @param zone as the target describes it: only nodes that the run may touch
 * @throws InconclusiveError when there is no node to cordon, or one has gone
 */
export async function planCordon(cluster: Cluster, zone: Zone): Promise<CordonPlan> {
  if (zone.nodes.length === 0) {
    throw new InconclusiveError(`Zone ${zone.name} has no node to cordon.`)
  }
  const { items } = await cluster.core.listNode()
  const byName = new Map(items.map((node) => [node.metadata?.name ?? '', node]))
  return {
    zone: zone.name,
    nodes: zone.nodes.map(({ name }) => {
      const node = byName.get(name)
      if (!node) throw new InconclusiveError(`Node ${name} of zone ${zone.name} is gone.`)
      return { name, wasUnschedulable: node.spec?.unschedulable ?? false }
    }),
  }
}

/**
 * Sets `spec.unschedulable` on every node, each noted with its previous value.
 *
 * @returns the journal's entry of each
 */
export async function cordonNodes(
  context: FaultContext,
  nodes: CordonPlan['nodes'],
): Promise<Cordon['entries']> {
  const entries: { node: string; journalId: string }[] = []
  for (const { name, wasUnschedulable } of nodes) {
    const { id } = await context.log.change(
      {
        action: `cordon node ${name}`,
        undo: { kind: 'set-unschedulable', node: name, value: wasUnschedulable },
      },
      () => setUnschedulable(context.cluster, name, true),
    )
    entries.push({ node: name, journalId: id })
  }
  return entries
}

/** Cordons every node of the plan. */
export async function injectCordon(context: FaultContext, plan: CordonPlan): Promise<Cordon> {
  const entries = await cordonNodes(context, plan.nodes)
  context.events.emit({
    kind: 'fault.injected',
    subject: `zone/${plan.zone}`,
    text: `Zone ${plan.zone} is cordoned.`,
    data: { nodes: plan.nodes.map(({ name }) => name) },
  })
  return { plan, entries }
}

/**
 * Sees that the cordon took effect: every node shows it, and the scheduler turns a canary pod for
 * this zone away because of it.
 *
 * @throws InconclusiveError when it didn't: without its fault a scenario says nothing
 */
export async function observeCordon(context: FaultContext, { plan }: Cordon): Promise<void> {
  const names = plan.nodes.map(({ name }) => name)
  try {
    await poll(
      { what: `nodes ${names.join(', ')} to show the cordon`, budget: 'stateVisible' },
      async () => {
        const open = (await readNodes(context.cluster, names)).filter(
          ({ spec }) => spec?.unschedulable !== true,
        )
        return open.length === 0
          ? { done: true, value: true }
          : { done: false, seen: `still open: ${open.map((n) => n.metadata?.name).join(', ')}` }
      },
    )
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    throw new InconclusiveError(
      `The cordon of zone ${plan.zone} was not observed: the nodes don't show it.`,
      { cause: error, hint: 'Does something uncordon nodes: an autoscaler, node auto-repair?' },
    )
  }
  await seeCanaryRefused(context, plan.zone, names)
  context.events.emit({
    kind: 'fault.observed',
    subject: `zone/${plan.zone}`,
    text: `The scheduler turns pods for zone ${plan.zone} away.`,
  })
}

/**
 * Gives every node its previous value back; nodes that went meanwhile are left.
 *
 * @throws AggregateError when some could not be; the others are healed all the same
 */
export async function healCordon(context: FaultContext, cordon: Cordon): Promise<void> {
  const errors: unknown[] = []
  for (const { name, wasUnschedulable } of cordon.plan.nodes) {
    try {
      await setUnschedulable(context.cluster, name, wasUnschedulable)
    } catch (error) {
      const isGone = error instanceof Error && statusOf(error.cause) === 404
      if (!isGone) {
        errors.push(error)
        continue
      }
    }
    const entry = cordon.entries.find(({ node }) => node === name)
    if (entry) context.log.undone(entry.journalId)
  }
  if (errors.length > 0) {
    throw new AggregateError(errors, `Zone ${cordon.plan.zone} is not healed on all of its nodes.`)
  }
  context.events.emit({
    kind: 'fault.healed',
    subject: `zone/${cordon.plan.zone}`,
    text: `Zone ${cordon.plan.zone} is as it was before the cordon.`,
  })
}

/** Waits until nodes and their taints, which follow the field, are as before. */
export async function recoveredFromCordon(
  cluster: Cluster,
  { plan }: Pick<Cordon, 'plan'>,
): Promise<void> {
  await poll(
    { what: `the nodes of zone ${plan.zone} to be as before the cordon`, budget: 'nodeReady' },
    async () => {
      const nodes = await readNodes(
        cluster,
        plan.nodes.map(({ name }) => name),
      )
      const wrong = nodes.filter((node) => {
        const before = plan.nodes.find(({ name }) => name === node.metadata?.name)
        return isCordoned(node) !== (before?.wasUnschedulable ?? false)
      })
      return wrong.length === 0
        ? { done: true, value: true }
        : { done: false, seen: wrong.map((node) => node.metadata?.name) }
    },
  )
}

/** By its field or its taint: the taint follows a moment later. */
function isCordoned(node: V1Node): boolean {
  return node.spec?.unschedulable === true || hasTaint(node, 'node.kubernetes.io/unschedulable')
}

async function setUnschedulable(cluster: Cluster, name: string, value: boolean): Promise<void> {
  try {
    await cluster.core.patchNode(
      { name, body: { spec: { unschedulable: value ? true : null } } },
      MERGE_PATCH,
    )
  } catch (error) {
    throw new InconclusiveError(
      `Node ${name} could not be ${value ? 'cordoned' : 'uncordoned'}: ${explainApiError(error)}`,
      { cause: error },
    )
  }
}
