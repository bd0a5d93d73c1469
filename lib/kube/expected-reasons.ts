import type { V1Node, V1PersistentVolume, V1Pod } from '@kubernetes/client-node'
import { nodeMatchesVolume } from './volume-affinity.ts'
import { checkSums, type Reason, type SchedulerExplanation } from './scheduler-explanation.ts'
import { quantityOf } from './quantity.ts'

/** Which reasons a node may be turned down for, given what the cluster looks like now. */
export interface NodeReasons {
  readonly node: string
  /** Empty: nothing keeps the pod off this node. */
  readonly admissible: readonly Reason[]
}

/** The live state that the scheduler's explanation is derived from. */
export interface SchedulingView {
  readonly pod: V1Pod
  readonly volumes: readonly V1PersistentVolume[]
  readonly nodes: readonly V1Node[]
  /** All pods of the cluster: what is left of a node decides, too. */
  readonly pods: readonly V1Pod[]
}

const UNSCHEDULABLE_TAINT = 'node.kubernetes.io/unschedulable'

/**
 * Derives from the live nodes why each of them can't take a pod. The scheduler names the first
 * plugin that turns a node down, in the order cordon, taints, resources, volumes
 * (kubernetes/pkg/scheduler/apis/config/v1/default_plugins.go). Between cordon and its taint, and
 * for passing states, there is more than one honest answer, so each node has a set.
 */
export function expectedReasons(view: SchedulingView): NodeReasons[] {
  return view.nodes.map((node) => {
    const name = node.metadata?.name ?? ''
    const admissible = new Set<Reason>()
    const taints = (node.spec?.taints ?? []).filter(
      ({ effect, key, value }) =>
        (effect === 'NoSchedule' || effect === 'NoExecute') &&
        !tolerates(view.pod, { effect, key, value: value ?? '' }),
    )
    if (node.spec?.unschedulable === true) {
      // The taint follows the field; since 1.36 the plugin that names taints doesn't say which.
      admissible.add('unschedulable').add('untolerated-taint')
    } else if (taints.some(({ key }) => key === UNSCHEDULABLE_TAINT)) {
      admissible.add('unschedulable').add('untolerated-taint')
    }
    if (taints.some(({ key }) => key !== UNSCHEDULABLE_TAINT)) admissible.add('untolerated-taint')
    if (admissible.size === 0) {
      if (!fits(view, name, node)) admissible.add('insufficient-resources')
      if (!view.volumes.every((volume) => nodeMatchesVolume(node, volume))) {
        admissible.add('volume-affinity')
      }
    }
    return { node: name, admissible: [...admissible] }
  })
}

/** Whether an explanation is the one that the live nodes lead to; `problems` says what isn't. */
export interface ReasonsJudgement {
  readonly verdict: 'true' | 'false' | 'unknown'
  readonly problems: readonly string[]
}

/**
 * Compares an explanation with what the live nodes admit: it must add up, give no reason that no
 * node has, and give each reason for as many nodes as have it.
 */
export function judgeExplanation(
  explanation: SchedulerExplanation,
  expected: readonly NodeReasons[],
): ReasonsJudgement {
  const unknown = explanation.clauses.filter(({ reason }) => reason === 'unknown')
  if (unknown.length > 0) {
    const texts = unknown.map(({ text }) => `"${text}"`).join(', ')
    return { verdict: 'unknown', problems: [`Wording that is not understood: ${texts}.`] }
  }
  if (explanation.preFilter !== undefined) {
    return { verdict: 'unknown', problems: [`No counts in "${explanation.preFilter}".`] }
  }
  const problems = checkSums(explanation)
  if (explanation.nodes !== expected.length) {
    problems.push(`The scheduler counts ${explanation.nodes} nodes, the API ${expected.length}.`)
  }
  const open = expected.filter(({ admissible }) => admissible.length === 0)
  for (const { node } of open) problems.push(`Nothing keeps the pod off node ${node}.`)
  for (const { reason, text, count } of explanation.clauses) {
    const most = expected.filter(({ admissible }) => admissible.includes(reason)).length
    if (count > most) problems.push(`"${text}" is given for ${count} nodes, but fits ${most}.`)
  }
  for (const reason of new Set(expected.flatMap(({ admissible }) => admissible))) {
    // Nodes for which this is the only honest answer.
    const least = expected.filter(
      ({ admissible }) => admissible.length === 1 && admissible[0] === reason,
    ).length
    const given = explanation.clauses
      .filter((clause) => clause.reason === reason)
      .reduce((sum, { count }) => Math.max(sum, count), 0)
    if (given < least)
      problems.push(`"${reason}" is given for ${given} nodes, but holds for ${least}.`)
  }
  return { verdict: problems.length === 0 ? 'true' : 'false', problems }
}

function tolerates(pod: V1Pod, taint: { key: string; value: string; effect: string }): boolean {
  return (pod.spec?.tolerations ?? []).some((toleration) => {
    if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false
    if (toleration.operator === 'Exists') {
      return toleration.key === undefined || toleration.key === taint.key
    }
    return toleration.key === taint.key && (toleration.value ?? '') === taint.value
  })
}

/** Whether a node has room for the pod's requests beside what runs there. */
function fits(view: SchedulingView, name: string, node: V1Node): boolean {
  const there = view.pods.filter(
    (pod) =>
      pod.spec?.nodeName === name &&
      pod.metadata?.uid !== view.pod.metadata?.uid &&
      pod.status?.phase !== 'Succeeded' &&
      pod.status?.phase !== 'Failed',
  )
  return ['cpu', 'memory', 'pods'].every((resource) => {
    const room = quantityOf(node.status?.allocatable?.[resource] ?? '0')
    const used = there.reduce((sum, pod) => sum + requestOf(pod, resource), 0)
    return used + requestOf(view.pod, resource) <= room
  })
}

/** What a pod asks for of a resource while it starts or runs; of `pods` itself. */
export function requestOf(pod: V1Pod, resource: string): number {
  if (resource === 'pods') return 1
  const of = (container: { resources?: { requests?: Record<string, string> } }): number =>
    quantityOf(container.resources?.requests?.[resource] ?? '0')
  const running = (pod.spec?.containers ?? []).reduce((sum, container) => sum + of(container), 0)
  const starting = (pod.spec?.initContainers ?? []).map((container) => of(container))
  return Math.max(running, ...starting)
}
