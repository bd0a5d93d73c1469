import { orAbsent } from '../kube/cluster.ts'
import { InconclusiveError } from '../model/errors.ts'
import { poll } from '../std/poll.ts'
import {
  planProcess,
  type ProcessPlan,
  type ProcessWish,
  readProcess,
  statusOfContainer,
} from './container-process.ts'
import { type Fault, type FaultContext, healByUndo } from './fault.ts'
import { keptPodsBack } from './kept-pods.ts'
import { sendSignal } from './process-signal.ts'

/** SIGKILL to the database's process: no shutdown hook runs; the kubelet starts another. */
export const killProcess: Fault<ProcessWish, ProcessPlan> = {
  name: 'kill-process',
  plan: (view, wish) => planProcess(view, 'Kill', wish),
  inject: async (context, plan) => {
    const { pod, pid, program } = plan
    await context.log.change(
      { action: `kill ${program} (process ${pid}) of pod ${pod}`, undo: { kind: 'none' } },
      () => sendSignal(context, plan, 'KILL'),
    )
    return { changes: [] }
  },
  observe: async (context, plan) => {
    const seen = await poll(
      { what: `the end of process ${plan.pid} of pod ${plan.pod}`, budget: 'containerRestarted' },
      async () => {
        const found = await lookFor(context, plan)
        return 'still' in found
          ? { done: false, seen: found.still }
          : { done: true, value: found.gone }
      },
    )
    return { text: `${plan.program} of pod ${plan.pod} was killed: ${seen}.`, data: { seen } }
  },
  heal: healByUndo,
  recovered: (context, { pod }) => keptPodsBack(context, [{ name: pod, containerIds: [] }]),
}

/** By the kubelet's account of the container, or where that stays, by the process's start time. */
async function lookFor(
  { cluster }: FaultContext,
  plan: ProcessPlan,
): Promise<{ gone: string } | { still: string }> {
  const { namespace, pod, uid, container, containerId, restartCount, startTicks } = plan
  const found = await orAbsent(cluster.core.readNamespacedPod({ namespace, name: pod }))
  if (found?.metadata?.uid !== uid) return { gone: 'the pod was replaced' }
  const status = statusOfContainer(found, container)
  if (!status) return { still: 'no status of the container' }
  if (status.restartCount > restartCount) return { gone: `restart ${status.restartCount}` }
  if (status.containerID !== containerId || !status.state?.running) {
    return { gone: 'its container ended' }
  }
  if (plan.pid === 1) return { still: 'the container runs on' }
  try {
    const now = await readProcess(cluster, plan)
    return now?.startTicks === startTicks
      ? { still: `it runs on, state ${now.state}` }
      : { gone: now ? 'another one has its number' : 'there is none of its number' }
  } catch (error) {
    // The container may end while it is asked.
    if (!(error instanceof InconclusiveError)) throw error
    return { still: error.message }
  }
}
