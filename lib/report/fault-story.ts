import type { FaultPhaseName } from '../model/fault-numbers.ts'
import { concerns, type TimelineEvent } from '../model/timeline.ts'

/** Whose story it is. */
export interface StoryOf {
  readonly scenario: string
  /** Milliseconds of the run's clock. */
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** Something that happened to one subject; `atMs` is of the run's clock. */
export interface Moment {
  readonly phase: FaultPhaseName
  readonly atMs: number
  /** `pod/db-0`, where it was one. */
  readonly subject?: string
  readonly evidence: string
}

/** From when something was broken until it was whole, or something else was broken. */
export interface FaultStory {
  /** When the first injection began. */
  readonly startedAtMs: number
  /** The next story's start, or the scenario's end. */
  readonly untilMs: number
  /** When the last of what was away was seen to be back; absent when not all was, or nobody looked. */
  readonly steadyAtMs?: number
  /** By their time. */
  readonly moments: readonly Moment[]
}

const MENDED = ['fault.healed', 'fault.recovered', 'clients.recovered']

/**
 * What a scenario's faults did to nodes, pods and volumes, as the timeline tells it; one story for
 * each time that something was broken after all before it had been mended.
 *
 * What the cluster did belongs to the scenario in whose time it was, unless it is told as another
 * file's, which ran beside. Only nodes, pods and volumes
 * count that were there before the fault, and nodes that took a removed one's place: not a fault's
 * canaries, nor the scenario's own agents.
 *
 * @param events the whole run's, in any order: what was there before may be older than the scenario
 */
export function faultStories(events: readonly TimelineEvent[], of: StoryOf): FaultStory[] {
  const ordered = events
    .filter((event) => concerns(event, of.scenario))
    .toSorted((a, b) => a.atMs - b.atMs)
  const own = ordered.filter(({ scenario }) => scenario === of.scenario)
  const starts = storyStarts(own)
  return starts.map((startedAtMs, index): FaultStory => {
    const untilMs = starts[index + 1] ?? of.endedAtMs
    const inTime = ({ atMs }: TimelineEvent): boolean =>
      atMs >= startedAtMs && (starts[index + 1] === undefined ? atMs <= untilMs : atMs < untilMs)
    const told = own.filter(inTime)
    const cluster = ordered.filter(
      (event) => event.source === 'kubernetes' && event.scenario === undefined && inTime(event),
    )
    const before = ordered.filter(({ atMs }) => atMs < startedAtMs)
    const pods = podMoments(cluster, before, agentsOf(own))
    const moments = [
      ...harnessMoments(told, startedAtMs),
      ...nodeMoments(cluster, before),
      ...pods,
      ...volumeMoments(cluster, before),
      ...(pods.length > 0 ? rejoined(told) : []),
    ]
    const recovered = told.findLast(({ kind }) => /^(fault|clients)\.recovered$/.test(kind))
    const steady = steadyState(moments, recovered)
    if (steady) moments.push(steady)
    return {
      startedAtMs,
      untilMs,
      ...(steady === undefined ? {} : { steadyAtMs: steady.atMs }),
      moments: moments.toSorted((a, b) => a.atMs - b.atMs),
    }
  })
}

/** Somebody looks whether all is back; what comes back after that counts as well. */
function steadyState(moments: readonly Moment[], recovered?: TimelineEvent): Moment | undefined {
  const of = (...phases: readonly FaultPhaseName[]): Set<string> =>
    new Set(moments.flatMap(({ phase, subject = '' }) => (phases.includes(phase) ? subject : [])))
  const podsLost = of('container-ended', 'pod-terminating', 'pod-deleted', 'pod-not-ready')
  const nodesLost = of('node-not-ready', 'node-removed')
  // A node may come back as another one, a pod may not.
  const podsBack = of('pod-ready')
  const isWhole =
    [...podsLost].every((pod) => podsBack.has(pod)) && nodesLost.size <= of('node-ready').size
  const returns = moments.filter(({ phase }) =>
    ['node-ready', 'pod-ready', 'database-rejoined'].includes(phase),
  )
  const looked = [
    ...(recovered ? [moment('steady-state', recovered)] : []),
    ...returns.filter(({ phase }) => phase === 'database-rejoined'),
  ]
  if (!isWhole || looked.length === 0) return undefined
  const [last] = [...looked, ...returns].toSorted((a, b) => b.atMs - a.atMs)
  return last && { phase: 'steady-state', atMs: last.atMs, evidence: last.evidence }
}

/** When something was broken while nothing that is mended later was broken still. */
function storyStarts(own: readonly TimelineEvent[]): number[] {
  const starts: number[] = []
  const open = new Set<string>()
  let mended = true
  for (const [index, event] of own.entries()) {
    const subject = event.subject ?? ''
    if (event.kind === 'fault.injected') {
      if (mended) starts.push(injectionBegan(own.slice(0, index), event))
      mended = false
      const isHealed = own
        .slice(index)
        .some((later) => later.kind === 'fault.healed' && later.subject === event.subject)
      if (isHealed) open.add(subject)
    }
    if (!MENDED.includes(event.kind)) continue
    if (event.kind === 'clients.recovered') open.clear()
    else open.delete(subject)
    mended = open.size === 0
  }
  return starts
}

/**
 * The call that injects has effects before it returns, so a fault begins when it is about to be
 * injected.
 */
function injectionBegan(before: readonly TimelineEvent[], injected: TimelineEvent): number {
  const about = before.findLast(
    ({ kind, subject }) => kind.startsWith('fault.') && subject === injected.subject,
  )
  const isBegin = about?.kind === 'fault.planned' || about?.kind === 'fault.begin'
  return isBegin ? about.atMs : injected.atMs
}

function harnessMoments(told: readonly TimelineEvent[], startedAtMs: number): Moment[] {
  const injected = told.filter(({ kind }) => kind === 'fault.injected')
  const moments = injected.map((event, index): Moment => {
    const began = told.slice(0, told.indexOf(event))
    return {
      ...moment('fault-injected', event),
      atMs: index === 0 ? startedAtMs : injectionBegan(began, event),
    }
  })
  const healed = told.filter(({ kind }) => kind === 'fault.healed')
  const [firstHealed] = healed
  const lastInjectedMs = injected.at(-1)?.atMs ?? startedAtMs
  const begun = told.find(
    ({ kind, atMs }) =>
      /^(heal|undo)\.begin$/.test(kind) &&
      atMs > lastInjectedMs &&
      atMs <= (firstHealed?.atMs ?? Number.NEGATIVE_INFINITY),
  )
  if (begun) moments.push(moment('heal-begun', begun))
  moments.push(...healed.map((event) => moment('fault-healed', event)))
  return moments
}

/** The first wait for the whole ring that was met after the last injection. */
function rejoined(told: readonly TimelineEvent[]): Moment[] {
  const lastInjected = told.findLastIndex(({ kind }) => kind === 'fault.injected')
  const met = told
    .slice(lastInjected)
    .find(
      ({ kind, data }) =>
        kind === 'wait.end' && data?.['budget'] === 'ringUp' && data['outcome'] === 'done',
    )
  return met ? [{ ...moment('database-rejoined', met), evidence: `waited for ${textOf(met)}` }] : []
}

function nodeMoments(
  cluster: readonly TimelineEvent[],
  before: readonly TimelineEvent[],
): Moment[] {
  const removed = cluster.some(({ kind }) => kind === 'node.deleted')
  return bySubject(cluster, 'node/').flatMap((events) => {
    const lost = events.find(({ kind }) => /^node\.(not-ready|deleted)$/.test(kind))
    const isNew = isMadeLater(events, before)
    if (isNew ? !removed : !lost) return []
    const back = events.findLast(
      ({ kind, atMs }) => kind === 'node.ready' && (isNew || atMs >= (lost?.atMs ?? 0)),
    )
    return [
      ...(isNew ? [] : first(events, 'node.not-ready', 'node-not-ready')),
      ...first(events, 'node.deleted', 'node-removed'),
      ...(back ? [moment('node-ready', back)] : []),
    ]
  })
}

function podMoments(
  cluster: readonly TimelineEvent[],
  before: readonly TimelineEvent[],
  agents: ReadonlySet<string>,
): Moment[] {
  return bySubject(cluster, 'pod/').flatMap((events) => {
    const isAgent = agents.has(events[0]?.subject ?? '')
    const lost = events.find(({ kind }) =>
      /^(pod\.(not-ready|terminating|deleted)|container\.ended)$/.test(kind),
    )
    if (isAgent || isMadeLater(events, before) || !lost) return []
    const after = events.filter(({ atMs }) => atMs >= lost.atMs)
    const gone = after.find(({ kind }) => kind === 'pod.deleted')
    // The scheduler's first word is often not its last: a claim may not have been looked at yet.
    const waits = after.filter(
      ({ kind, data, atMs }) =>
        kind === 'pod.pending' &&
        gone !== undefined &&
        atMs >= gone.atMs &&
        data?.['uid'] !== gone.data?.['uid'],
    )
    const [waitsFrom] = waits
    const lastWait = waits.at(-1)
    const back = after.findLast(({ kind }) => kind === 'pod.ready')
    const started = after.findLast(
      ({ kind, atMs }) => kind === 'container.started' && atMs <= (back?.atMs ?? atMs),
    )
    return [
      ...first(after, 'container.ended', 'container-ended'),
      ...first(after, 'pod.not-ready', 'pod-not-ready'),
      ...first(after, 'pod.terminating', 'pod-terminating'),
      ...(gone ? [moment('pod-deleted', gone)] : []),
      ...(waitsFrom && lastWait
        ? [{ ...moment('replacement-pending', lastWait), atMs: waitsFrom.atMs }]
        : []),
      ...(started ? [moment('container-started', started)] : []),
      ...(back ? [moment('pod-ready', back)] : []),
    ]
  })
}

function volumeMoments(
  cluster: readonly TimelineEvent[],
  before: readonly TimelineEvent[],
): Moment[] {
  return bySubject(cluster, 'attachment/').flatMap((events) => {
    if (isMadeLater(events, before)) return []
    const attached = events.findLast(({ kind }) => kind === 'attachment.attached')
    return [
      ...first(events, 'attachment.detached', 'volume-detached'),
      ...(attached ? [moment('volume-attached', attached)] : []),
    ]
  })
}

/** The pods of the scenario's own clients, which come and go with it. */
function agentsOf(own: readonly TimelineEvent[]): Set<string> {
  return new Set(
    own
      .filter(({ kind }) => kind === 'agent.ready')
      .flatMap(({ data }) => (typeof data?.['pod'] === 'string' ? [`pod/${data['pod']}`] : [])),
  )
}

/** Whether the subject of these events was not there before. */
function isMadeLater(events: readonly TimelineEvent[], before: readonly TimelineEvent[]): boolean {
  const [begin] = events
  return (
    begin !== undefined &&
    /^(pod\.created|node\.added|attachment\.created)$/.test(begin.kind) &&
    !before.some(({ subject }) => subject === begin.subject)
  )
}

/** Events about subjects of one kind, each subject's in order. */
function bySubject(events: readonly TimelineEvent[], prefix: string): TimelineEvent[][] {
  const about = events.filter(({ subject }) => subject?.startsWith(prefix))
  return [...Map.groupBy(about, ({ subject = '' }) => subject).values()]
}

function first(events: readonly TimelineEvent[], kind: string, phase: FaultPhaseName): Moment[] {
  const found = events.find((event) => event.kind === kind)
  return found ? [moment(phase, found)] : []
}

function moment(phase: FaultPhaseName, event: TimelineEvent): Moment {
  const { atMs, subject } = event
  return { phase, atMs, ...(subject === undefined ? {} : { subject }), evidence: textOf(event) }
}

function textOf({ text, subject, kind }: TimelineEvent): string {
  return text ?? subject ?? kind
}
