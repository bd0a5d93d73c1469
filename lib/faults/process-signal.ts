import type { V1Pod } from '@kubernetes/client-node'
import { deletionOf } from '../kube/changes.ts'
import { type Cluster, explainApiError, orAbsent } from '../kube/cluster.ts'
import { execInPod } from '../kube/exec.ts'
import { withPulls } from '../kube/pulls.ts'
import { InconclusiveError } from '../model/errors.ts'
import type { ContainerProcess } from '../model/journal.ts'
import { ROLE_LABEL } from '../model/run-label.ts'
import { randomLetters } from '../std/ids.ts'
import { poll } from '../std/poll.ts'
import { type ProcessPlan, readProcess, sameContainer } from './container-process.ts'
import type { FaultContext } from './fault.ts'

/** A shell's 128 + 9. */
const KILLED_EXIT = 137

/**
 * Sends a signal to the plan's process. PID 1 takes neither KILL nor STOP from inside its own PID
 * namespace (pid_namespaces(7)): its node sends it then, by a pod that sees the node's processes.
 *
 * @throws InconclusiveError when it could not be sent
 */
export async function sendSignal(
  context: FaultContext,
  plan: ProcessPlan,
  signal: 'KILL' | 'STOP',
): Promise<void> {
  if (plan.pid === 1) await signalFromNode(context, plan, signal)
  else await signalFromInside(context.cluster, plan, signal)
}

/**
 * Lets a stopped process go on. CONT reaches PID 1 from inside too: it takes effect when it is
 * sent, whether or not the process would get it. A container that is gone has nothing to go on.
 */
export async function continueProcess(cluster: Cluster, process: ContainerProcess): Promise<void> {
  if (!(await sameContainer(cluster, process))) return
  const now = await readProcess(cluster, process)
  if (now?.state === 'T') await signalFromInside(cluster, process, 'CONT')
}

async function signalFromInside(
  cluster: Cluster,
  { namespace, pod, container, pid }: ContainerProcess,
  signal: string,
): Promise<void> {
  // The shell's own `kill`: images have no other as a rule.
  const command = ['sh', '-c', `kill -${signal} ${pid}`]
  const { exitCode, stderr } = await execInPod(cluster, { namespace, pod, container, command })
  // The shell may go with its container before it can say that it was done.
  if (exitCode !== 0 && !(signal === 'KILL' && exitCode === KILLED_EXIT)) {
    throw new InconclusiveError(
      `${signal} could not be sent to process ${pid} of ${pod}: ${stderr}`,
    )
  }
}

/**
 * Finds the process that is PID 1 of a container, by its cgroup and its innermost number, and
 * sends it a signal.
 */
const SIGNAL_PID_1 = `
for d in /proc/[0-9]*; do
  case "$(cat $d/cgroup 2>/dev/null)" in *"$CONTAINER"*) ;; *) continue ;; esac
  inner=
  while read -r key numbers; do
    [ "$key" = NSpid: ] && for inner in $numbers; do :; done
  done < $d/status
  [ "$inner" = 1 ] || continue
  kill -$SIGNAL \${d#/proc/} && exit 0
done
echo "no PID 1 of container $CONTAINER on this node" >&2
exit 1
`

async function signalFromNode(
  context: FaultContext,
  plan: ProcessPlan,
  signal: string,
): Promise<void> {
  const { cluster, namespace } = context
  const name = `zonefall-signal-${randomLetters(6)}`
  const { id } = await context.log.change(
    {
      action: `create pod ${name} to send ${signal} to PID 1 of pod ${plan.pod}`,
      undo: deletionOf('Pod', namespace, name),
    },
    async () => {
      try {
        return await cluster.core.createNamespacedPod({
          namespace,
          body: signalPod(name, plan, signal, context),
        })
      } catch (error) {
        throw new InconclusiveError(
          `The pod that sends ${signal} to PID 1 of ${plan.pod} was refused: ${explainApiError(error)}`,
          {
            cause: error,
            hint: 'It sees the processes of its node, which not every namespace allows.',
          },
        )
      }
    },
  )
  try {
    const pod = await poll(
      { what: `pod ${name} to send ${signal}`, budget: 'podRecreated', intervalMs: 250 },
      async () => {
        const now = await orAbsent(cluster.core.readNamespacedPod({ namespace, name }))
        const phase = now?.status?.phase
        return now && (phase === 'Succeeded' || phase === 'Failed')
          ? { done: true, value: now }
          : { done: false, seen: phase ?? 'no such pod' }
      },
    )
    if (pod.status?.phase === 'Failed') {
      const said = await cluster.core.readNamespacedPodLog({ namespace, name }).catch(() => '')
      throw new InconclusiveError(`${signal} could not be sent to PID 1 of ${plan.pod}: ${said}`)
    }
  } finally {
    await context.takeBack([id])
  }
}

/** The database's own image: it is on the node already, and has a shell. */
function signalPod(
  name: string,
  plan: ProcessPlan,
  signal: string,
  { labels, pulls = {} }: Pick<FaultContext, 'labels' | 'pulls'>,
): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { ...labels, [ROLE_LABEL]: 'signal' } },
    spec: withPulls(
      {
        nodeName: plan.node,
        hostPID: true,
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        restartPolicy: 'Never',
        tolerations: [{ operator: 'Exists' }],
        containers: [
          {
            name: 'signal',
            image: plan.image,
            imagePullPolicy: 'IfNotPresent',
            command: ['sh', '-c', SIGNAL_PID_1],
            env: [
              { name: 'CONTAINER', value: plan.containerId.replace(/^.*:\/\//, '') },
              { name: 'SIGNAL', value: signal },
            ],
            securityContext: { runAsUser: 0 },
          },
        ],
      },
      pulls,
    ),
  }
}
