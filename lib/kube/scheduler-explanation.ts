/**
 * What the scheduler says about a pod that it can't place. Source of the form: `FitError.Error` in
 * kubernetes/pkg/scheduler/framework/types.go; of the reasons: the plugins beside it.
 */
export interface SchedulerExplanation {
  readonly message: string
  /** How many nodes the scheduler looked at. */
  readonly nodes: number
  readonly clauses: readonly Clause[]
  /** A failure before any node was looked at (PreFilter): it carries no counts. */
  readonly preFilter?: string
  /** What was said about evicting others to make room; absent in short messages. */
  readonly preemption?: string
}

export interface Clause {
  readonly count: number
  readonly reason: Reason
  readonly text: string
}

/** Why a node was turned down. `unknown`: a wording never seen before. */
export type Reason =
  | 'unschedulable'
  | 'untolerated-taint'
  | 'volume-affinity'
  | 'insufficient-resources'
  | 'node-affinity'
  | 'pod-affinity'
  | 'pod-topology-spread'
  | 'too-many-volumes'
  | 'no-volume-to-bind'
  | 'volume-in-use'
  | 'host-ports'
  | 'node-name'
  | 'other-scheduler-plugin'
  | 'unknown'

const REASONS: readonly (readonly [RegExp, Reason])[] = [
  [/^node\(s\) were unschedulable$/, 'unschedulable'],
  [/^node\(s\) had untolerated taint \{node\.kubernetes\.io\/unschedulable: *\}$/, 'unschedulable'],
  [/^node\(s\) had untolerated taint/, 'untolerated-taint'],
  [/^node\(s\) had taints? (\{.*\} )?that the pod didn't tolerate/, 'untolerated-taint'],
  [/^node\(s\) didn't match PersistentVolume's node affinity$/, 'volume-affinity'],
  [/^node\(s\) had volume node affinity conflict$/, 'volume-affinity'],
  [/^node\(s\) had no available volume zone$/, 'volume-affinity'],
  [/^(Insufficient .+|Too many pods)$/, 'insufficient-resources'],
  [/^node\(s\) didn't match (Pod's node affinity\/selector|node selector)$/, 'node-affinity'],
  [/^node\(s\) didn't match scheduler-enforced node affinity$/, 'node-affinity'],
  [/^node\(s\) didn't (match|satisfy) .*pod.* (anti-)?affinity rules$/i, 'pod-affinity'],
  [/^node\(s\) didn't satisfy existing pods anti-affinity rules$/, 'pod-affinity'],
  [/^node\(s\) didn't match pod topology spread constraints/, 'pod-topology-spread'],
  [/^node\(s\) exceed max volume count$/, 'too-many-volumes'],
  [/^node\(s\) didn't find available persistent volumes to bind$/, 'no-volume-to-bind'],
  [/^node\(s\) did not have enough free storage$/, 'no-volume-to-bind'],
  [/^node\(s\) unavailable due to one or more pvc\(s\) bound/, 'no-volume-to-bind'],
  [/^node\(s\) unavailable due to PersistentVolumeClaim with Read/, 'volume-in-use'],
  [/^node\(s\) had no available disk$/, 'volume-in-use'],
  [/^node\(s\) didn't have free ports/, 'host-ports'],
  [/^node\(s\) didn't match the requested node name$/, 'node-name'],
  [
    /^node\(s\) (had unknown conditions|didn't match Pod's required features)$/,
    'other-scheduler-plugin',
  ],
]

/** What precedes a pod's binding while its claim is being provisioned; passes by itself. */
export const UNBOUND_CLAIMS = 'pod has unbound immediate PersistentVolumeClaims'

const HEAD = /^(\d+)\/(\d+) nodes are available: ?/

/**
 * Takes a FailedScheduling message apart, both wordings of a volume in another zone included.
 *
 * @returns undefined when the message is of another form altogether
 */
export function parseSchedulerMessage(message: string): SchedulerExplanation | undefined {
  const head = HEAD.exec(message)
  if (!head) return undefined
  const nodes = Number(head[2])
  const rest = message.slice(head[0].length)
  const { main, preemption } = splitPreemption(rest)
  const texts = splitClauses(main)
  const counted = texts.map((text) => /^(\d+) (.+)$/s.exec(text))
  const extra = preemption === undefined ? {} : { preemption }
  if (counted.length === 0 || counted.some((match) => match === null)) {
    return { message, nodes, clauses: [], preFilter: main.replace(/\.$/, ''), ...extra }
  }
  const clauses = counted.map((match) => {
    const text = match?.[2] ?? ''
    return { count: Number(match?.[1]), reason: reasonOf(text), text }
  })
  return { message, nodes, clauses, ...extra }
}

/**
 * What is wrong with an explanation's sums, as sentences; empty when they add up. Each count is at
 * most the number of nodes, and their sum at least it, because a node may give several reasons. A
 * PreFilter failure has no counts, and so nothing to add up.
 */
export function checkSums(explanation: SchedulerExplanation): string[] {
  const { nodes, clauses, preFilter } = explanation
  if (preFilter !== undefined) return []
  const wrong = clauses
    .filter(({ count }) => count > nodes || count < 1)
    .map(({ count, text }) => `${count} nodes for "${text}", but there are ${nodes}.`)
  const sum = clauses.reduce((total, { count }) => total + count, 0)
  if (sum < nodes) wrong.push(`Reasons for ${sum} of ${nodes} nodes: the others have none.`)
  return wrong
}

/** How many nodes were turned down for each reason. */
export function countReasons(explanation: SchedulerExplanation): Map<Reason, number> {
  const counts = new Map<Reason, number>()
  for (const { reason, count } of explanation.clauses) {
    counts.set(reason, (counts.get(reason) ?? 0) + count)
  }
  return counts
}

function reasonOf(text: string): Reason {
  return REASONS.find(([form]) => form.test(text))?.[1] ?? 'unknown'
}

/**
 * Cuts the tail about preemption off: `… affinity. preemption: 0/3 nodes …`, since 1.34 with what
 * the dynamic resources plugin says before it: `… affinity. no new claims to deallocate, preemption: …`.
 */
function splitPreemption(rest: string): { main: string; preemption?: string } {
  const tail = /(?:^|\. )((?:[^.{}]*, )?preemption: .*)$/s.exec(rest)
  if (!tail) return { main: rest }
  return { main: rest.slice(0, tail.index), preemption: (tail[1] ?? '').trim() }
}

/** Splits at commas outside of braces: a taint may hold one in its value. */
function splitClauses(main: string): string[] {
  const clauses: string[] = []
  let depth = 0
  let current = ''
  for (const character of main.replace(/\.\s*$/, '')) {
    if (character === '{') depth += 1
    if (character === '}') depth -= 1
    if (character === ',' && depth <= 0) {
      clauses.push(current.trim())
      current = ''
    } else current += character
  }
  if (current.trim() !== '') clauses.push(current.trim())
  return clauses
}
