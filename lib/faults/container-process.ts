import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node'
import { type Cluster, orAbsent } from '../kube/cluster.ts'
import { execInPod } from '../kube/exec.ts'
import { InconclusiveError } from '../model/errors.ts'
import type { ContainerProcess } from '../model/journal.ts'
import type { FaultPlan, FaultView } from './fault.ts'

/** Which container's process; by default the pod's first. */
export interface ProcessWish {
  readonly pod: string
  readonly container?: string
}

export interface ProcessPlan extends FaultPlan, ContainerProcess {
  readonly node: string
  readonly image: string
  /** Name of the program, as `/proc` has it. */
  readonly program: string
  /** Clock ticks since boot: another process may get the number. */
  readonly startTicks: string
  readonly restartCount: number
}

/** A process as `/proc/PID/stat` tells. */
export interface ProcessState {
  readonly program: string
  /** `R`, `S`, `D`, `T`, `Z`, … */
  readonly state: string
  readonly startTicks: string
}

/** Prints number and resident pages of every process but this shell, whose number is $$. */
const LIST_PROCESSES =
  'for d in /proc/[0-9]*; do p=${d#/proc/}; [ "$p" = $$ ] && continue; ' +
  'read -r size rss rest < $d/statm && echo "$p $rss"; done 2>/dev/null'

/**
 * Finds the database's process: the one that holds most memory in its container.
 *
 * @param verb beginning of the sentence that says what is done to it: `Kill`
 * @throws InconclusiveError when there is none, or the container can't be looked into
 */
export async function planProcess(
  { cluster, namespace }: FaultView,
  verb: string,
  wish: ProcessWish,
): Promise<ProcessPlan> {
  const pod = await orAbsent(cluster.core.readNamespacedPod({ namespace, name: wish.pod }))
  const spec = pod?.spec?.containers.find(({ name }) => name === (wish.container ?? name))
  const status = pod && spec && statusOfContainer(pod, spec.name)
  const { uid } = pod?.metadata ?? {}
  const node = pod?.spec?.nodeName
  if (!status?.containerID || !status.state?.running || !spec || uid === undefined || !node) {
    throw new InconclusiveError(`Pod ${wish.pod} has no running container ${wish.container ?? ''}.`)
  }
  const where = { namespace, pod: wish.pod, container: spec.name }
  const listed = await execInPod(cluster, { ...where, command: ['sh', '-c', LIST_PROCESSES] })
  const pid = largestProcess(listed.stdout)
  const found = pid === undefined ? undefined : await readProcess(cluster, { ...where, pid })
  if (pid === undefined || !found) {
    throw new InconclusiveError(`No process of pod ${wish.pod} was found: ${listed.stderr}`, {
      hint: 'The container needs a shell to be looked into.',
    })
  }
  return {
    ...where,
    subject: `pod/${wish.pod}`,
    text: `${verb} ${found.program} (process ${pid}) of pod ${wish.pod}.`,
    touches: [`pod/${wish.pod}`],
    uid,
    containerId: status.containerID,
    pid,
    node,
    image: spec.image ?? '',
    program: found.program,
    startTicks: found.startTicks,
    restartCount: status.restartCount,
  }
}

/** The number of the process with most memory in the output of `LIST_PROCESSES`. */
export function largestProcess(text: string): number | undefined {
  const processes = text.split('\n').flatMap((line) => {
    const [pid = 0, pages = 0] = line.split(' ').map(Number)
    return pid > 0 ? [{ pid, pages }] : []
  })
  return processes.toSorted((a, b) => b.pages - a.pages)[0]?.pid
}

/** A process of a container; undefined when there is none of that number. */
export async function readProcess(
  cluster: Cluster,
  {
    namespace,
    pod,
    container,
    pid,
  }: Pick<ContainerProcess, 'namespace' | 'pod' | 'container' | 'pid'>,
): Promise<ProcessState | undefined> {
  const { exitCode, stdout } = await execInPod(cluster, {
    namespace,
    pod,
    container,
    command: ['cat', `/proc/${pid}/stat`],
  })
  return exitCode === 0 ? parseStat(stdout) : undefined
}

/** proc(5): the program's name is in parentheses and may hold anything; the rest has no spaces. */
export function parseStat(text: string): ProcessState | undefined {
  const program = /\((.*)\)/s.exec(text)?.[1]
  const rest = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, startTicks] = [rest[0], rest[19]]
  return program === undefined || state === undefined || startTicks === undefined
    ? undefined
    : { program, state, startTicks }
}

/** The status of the container that the plan is about, if it is still the same one. */
export async function sameContainer(
  cluster: Cluster,
  { namespace, pod, uid, container, containerId }: ContainerProcess,
): Promise<V1ContainerStatus | undefined> {
  const found = await orAbsent(cluster.core.readNamespacedPod({ namespace, name: pod }))
  if (!found || found.metadata?.uid !== uid) return undefined
  const status = statusOfContainer(found, container)
  return status?.containerID === containerId && status.state?.running ? status : undefined
}

export function statusOfContainer(pod: V1Pod, name: string): V1ContainerStatus | undefined {
  return (pod.status?.containerStatuses ?? []).find((status) => status.name === name)
}
