import type { FaultPhaseName } from '../model/fault-numbers.ts'
import type { TimelineEvent } from '../model/timeline.ts'
import type { StoryOf } from './fault-story.ts'

/** A made-up zone outage for the tests of its numbers: every phase that the timeline can tell. */

export const STORY: StoryOf = { scenario: 'db/outage/a', startedAtMs: 90_000, endedAtMs: 900_000 }

export const ZONE_NODE = 'ip-10-0-1-10'

const told = (second: number, kind: string, subject: string, text: string): TimelineEvent => ({
  atMs: second * 1000,
  source: 'scenario',
  kind,
  scenario: STORY.scenario,
  subject,
  text,
})

export const cluster = (
  second: number,
  kind: string,
  subject: string,
  data: Readonly<Record<string, unknown>> = {},
): TimelineEvent => ({
  atMs: second * 1000,
  source: 'kubernetes',
  kind,
  subject,
  text: `${subject} ${kind}`,
  data,
})

export const harness = (second: number, kind: string, subject = 'zone/us-east-1a'): TimelineEvent =>
  told(second, kind, subject, `${kind} of ${subject}`)

const ringUp: TimelineEvent = {
  ...harness(470, 'wait.end', 'cassandra'),
  text: 'the ring to be whole',
  data: { budget: 'ringUp', outcome: 'done' },
}

/** Before the fault: what it will hit is made, and the scenario's clients come up. */
export const BEFORE: readonly TimelineEvent[] = [
  cluster(20, 'pod.created', 'pod/db-0', { uid: 'old' }),
  cluster(21, 'attachment.created', 'attachment/pv-0'),
  cluster(22, 'attachment.attached', 'attachment/pv-0'),
  cluster(40, 'pod.ready', 'pod/db-0', { uid: 'old' }),
  cluster(91, 'pod.created', 'pod/agent-a'),
  cluster(92, 'pod.ready', 'pod/agent-a'),
  { ...harness(93, 'agent.ready', 'zone/us-east-1a'), data: { pod: 'agent-a' } },
  { ...ringUp, atMs: 95_000 },
  harness(99, 'fault.begin'),
]

/** The event that each phase is told by; the injection begins at 100 s. */
export const TELLS: readonly (readonly [FaultPhaseName, TimelineEvent])[] = [
  ['node-not-ready', cluster(151, 'node.not-ready', `node/${ZONE_NODE}`)],
  ['pod-not-ready', cluster(152, 'pod.not-ready', 'pod/db-0', { uid: 'old' })],
  ['pod-terminating', cluster(400, 'pod.terminating', 'pod/db-0', { uid: 'old' })],
  ['node-removed', cluster(401, 'node.deleted', `node/${ZONE_NODE}`)],
  ['pod-deleted', cluster(410, 'pod.deleted', 'pod/db-0', { uid: 'old' })],
  ['replacement-pending', cluster(411, 'pod.pending', 'pod/db-0', { uid: 'new' })],
  ['volume-detached', cluster(415, 'attachment.detached', 'attachment/pv-0')],
  ['heal-begun', harness(420, 'undo.begin', 'instance/i-1')],
  ['node-ready', cluster(431, 'node.ready', `node/${ZONE_NODE}`)],
  ['fault-healed', harness(432, 'fault.healed')],
  ['container-ended', cluster(434, 'container.ended', 'pod/db-0', { uid: 'new' })],
  ['volume-attached', cluster(436, 'attachment.attached', 'attachment/pv-0')],
  ['container-started', cluster(440, 'container.started', 'pod/db-0', { uid: 'new' })],
  ['pod-ready', cluster(462, 'pod.ready', 'pod/db-0', { uid: 'new' })],
  ['database-rejoined', ringUp],
  ['steady-state', harness(471, 'fault.recovered')],
]

/** The whole run's timeline. */
export const OUTAGE: readonly TimelineEvent[] = [
  ...BEFORE,
  harness(100, 'fault.planned'),
  harness(102, 'fault.injected'),
  ...TELLS.map(([, event]) => event),
  harness(472, 'scenario.end'),
]
