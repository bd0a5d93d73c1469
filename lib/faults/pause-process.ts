import { InconclusiveError } from '../model/errors.ts'
import { poll } from '../std/poll.ts'
import {
  planProcess,
  type ProcessPlan,
  type ProcessWish,
  readProcess,
  sameContainer,
} from './container-process.ts'
import { type Fault, type FaultContext, healByUndo } from './fault.ts'
import { keptPodsBack } from './kept-pods.ts'
import { sendSignal } from './process-signal.ts'

/**
 * SIGSTOP to the database's process: it holds its connections and answers nobody. A liveness probe
 * may have the container killed for it: which came first is part of what was observed.
 */
export const pauseProcess: Fault<ProcessWish, ProcessPlan> = {
  name: 'pause-process',
  plan: (view, wish) => planProcess(view, 'Pause', wish),
  inject: async (context, plan) => {
    const { namespace, pod, uid, container, containerId, pid, program } = plan
    const { id } = await context.log.change(
      {
        action: `pause ${program} (process ${pid}) of pod ${pod}`,
        undo: { kind: 'continue-process', namespace, pod, uid, container, containerId, pid },
      },
      () => sendSignal(context, plan, 'STOP'),
    )
    return { changes: [id] }
  },
  observe: async (context, plan) => {
    const came = await poll(
      { what: `process ${plan.pid} of pod ${plan.pod} to stand still`, budget: 'stateVisible' },
      async () => {
        const state = await stateOf(context, plan)
        return state === 'T' || state === 'killed'
          ? { done: true, value: state }
          : { done: false, seen: `state ${state}` }
      },
    )
    return came === 'T'
      ? { text: `${plan.program} of pod ${plan.pod} stands still.`, data: { state: 'T' } }
      : {
          text: `${plan.program} of pod ${plan.pod} was killed before it was seen to stand still.`,
          data: { state: 'killed' },
        }
  },
  heal: healByUndo,
  recovered: async (context, plan) => {
    await poll(
      { what: `process ${plan.pid} of pod ${plan.pod} to go on`, budget: 'stateVisible' },
      async () => {
        const state = await stateOf(context, plan)
        return state === 'T' ? { done: false, seen: 'state T' } : { done: true, value: true }
      },
    )
    await keptPodsBack(context, [{ name: plan.pod, containerIds: [] }])
  },
}

async function stateOf({ cluster }: FaultContext, plan: ProcessPlan): Promise<string> {
  if (!(await sameContainer(cluster, plan))) return 'killed'
  try {
    return (await readProcess(cluster, plan))?.state ?? 'gone'
  } catch (error) {
    if (!(error instanceof InconclusiveError)) throw error
    return error.message
  }
}
