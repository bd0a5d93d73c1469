import type { TimelineEvent } from '../../model/timeline.ts'
import type { AnyTransition, HubNews, Transition } from './hub.ts'
import type { WatchedObjects } from './kinds.ts'

/** A line of the timeline without its time. */
export type Entry = Pick<TimelineEvent, 'kind' | 'subject' | 'text' | 'data'>

/**
 * What a transition means for a person who reads the timeline; none for most of them. Each change is
 * told once, when it is seen.
 *
 * | subject | kinds |
 * |---|---|
 * | `pod/…` | `pod.created`, `.pending` (why), `.bound`, `.phase`, `.ready`, `.not-ready`, `.terminating`, `.deleted`; `container.started`, `container.ended` |
 * | `node/…` | `node.added`, `.not-ready`, `.ready`, `.cordoned`, `.uncordoned`, `.tainted`, `.untainted`, `.deleted`; `lease.lost`, `lease.renewed` |
 * | `attachment/…` | `attachment.created`, `.attached`, `.detaching`, `.detached`, `.failed` |
 * | `claim/…`, `pv/…` | `claim.phase`, `claim.deleted`, `pv.phase`, `pv.deleted` |
 * | `watch/…` | `watch.gap`, `watch.trouble`, `watch.back` |
 */
export function entriesOf(news: HubNews): Entry[] {
  if (news.type === 'gap' || news.type === 'trouble') {
    // The API server keeps no history of events but etcd's, which ends after some quiet minutes.
    return news.type === 'gap' && news.kind === 'event' ? [] : [watchEntry(news)]
  }
  const entries = transitionEntries(news)
  return news.afterGap
    ? entries.map((entry) => ({ ...entry, data: { ...entry.data, afterGap: true } }))
    : entries
}

function transitionEntries(news: AnyTransition): Entry[] {
  switch (news.kind) {
    case 'pod':
      return podEntries(news)
    case 'node':
      return nodeEntries(news)
    case 'attachment':
      return attachmentEntries(news)
    case 'claim':
      return phaseEntries('claim', news)
    case 'volume':
      return phaseEntries('pv', news)
    // An event is what somebody says of a transition that is told by itself; renewals of leases are
    // many, and what tells is that they stop.
    case 'event':
    case 'lease':
      return []
    default:
      return news satisfies never
  }
}

function watchEntry(news: Extract<HubNews, { type: 'gap' | 'trouble' }>): Entry {
  const subject = `watch/${news.kind}s`
  const { why } = news
  if (news.type === 'gap') {
    return { kind: 'watch.gap', subject, text: `some states of ${news.kind}s were missed: ${why}` }
  }
  return why === undefined
    ? { kind: 'watch.back', subject, text: `${news.kind}s are seen again` }
    : { kind: 'watch.trouble', subject, text: `${news.kind}s can't be seen: ${why}` }
}

/** What the scheduler says of a pod that it can't place; undefined of any other. */
export function unschedulableReason(pod: WatchedObjects['pod']): string | undefined {
  const condition = pod.status?.conditions?.find(
    ({ type, status, reason }) =>
      type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  )
  return condition?.message ?? undefined
}

function podEntries({ type, object, before }: Transition<'pod'>): Entry[] {
  const { name, uid } = object.metadata
  const entries: Entry[] = []
  const add = (kind: string, text: string, data: Record<string, unknown> = {}): void =>
    void entries.push({
      kind,
      subject: `pod/${name}`,
      text: `${name} ${text}`,
      data: { uid, ...data },
    })
  if (type === 'deleted') {
    add('pod.deleted', 'is gone', { node: object.spec?.nodeName ?? null })
    return entries
  }
  if (!before) add('pod.created', 'was made')
  const why = unschedulableReason(object)
  if (why !== undefined && why !== (before && unschedulableReason(before))) {
    add('pod.pending', `waits: ${why}`, { why })
  }
  const node = object.spec?.nodeName ?? ''
  if (node !== '' && node !== (before?.spec?.nodeName ?? '')) {
    add('pod.bound', `was placed on ${node}`, { node })
  }
  const phase = object.status?.phase ?? 'Pending'
  const oldPhase = before?.status?.phase ?? 'Pending'
  if (phase !== oldPhase) {
    add('pod.phase', `went from ${oldPhase} to ${phase}`, { phase, before: oldPhase })
  }
  entries.push(...containerEntries(object, before))
  const ready = isTrue(object, 'Ready')
  if (ready !== (before !== undefined && isTrue(before, 'Ready'))) {
    add(ready ? 'pod.ready' : 'pod.not-ready', ready ? 'is Ready' : 'is no longer Ready', { node })
  }
  if (object.metadata.deletionTimestamp != null && before?.metadata.deletionTimestamp == null) {
    add('pod.terminating', 'is told to end', { node })
  }
  return entries
}

function containerEntries(pod: WatchedObjects['pod'], before?: WatchedObjects['pod']): Entry[] {
  const { name, uid } = pod.metadata
  const old = new Map(before?.status?.containerStatuses?.map((status) => [status.name, status]))
  return (pod.status?.containerStatuses ?? []).flatMap((status) => {
    const last = old.get(status.name)
    const subject = `pod/${name}`
    const about = { uid, container: status.name, restarts: status.restartCount }
    const entries: Entry[] = []
    const ended = status.state?.terminated ?? status.lastState?.terminated
    const lastEnd = last?.state?.terminated ?? last?.lastState?.terminated
    if (ended && ended.finishedAt !== lastEnd?.finishedAt) {
      const { exitCode, reason } = ended
      entries.push({
        kind: 'container.ended',
        subject,
        text: `${name}'s ${status.name} ended with exit code ${exitCode}${reason ? ` (${reason})` : ''}`,
        data: { ...about, exitCode, reason: reason ?? null },
      })
    }
    const isSame = last?.state?.running !== undefined && last.containerID === status.containerID
    if (status.state?.running && !isSame) {
      entries.push({
        kind: 'container.started',
        subject,
        text: `${name}'s ${status.name} started`,
        data: about,
      })
    }
    return entries
  })
}

function nodeEntries({ type, object, before }: Transition<'node'>): Entry[] {
  const { name } = object.metadata
  const entries: Entry[] = []
  const add = (kind: string, text: string, data?: Record<string, unknown>): void =>
    void entries.push({
      kind,
      subject: `node/${name}`,
      text: `${name} ${text}`,
      ...(data === undefined ? {} : { data }),
    })
  if (type === 'deleted') {
    add('node.deleted', 'was removed from the cluster')
    return entries
  }
  if (!before) add('node.added', 'was added to the cluster')
  const condition = object.status?.conditions?.find((item) => item.type === 'Ready')
  const ready = condition?.status === 'True'
  // A new node is not ready as a matter of course.
  if (ready !== (before !== undefined && isTrue(before, 'Ready'))) {
    const { reason, message, status } = condition ?? {}
    const data = { status: status ?? null, reason: reason ?? null, message: message ?? null }
    if (ready) add('node.ready', 'is Ready', data)
    else add('node.not-ready', `is NotReady${reason == null ? '' : ` (${reason})`}`, data)
  }
  const closed = object.spec?.unschedulable === true
  if (closed !== (before?.spec?.unschedulable === true)) {
    add(closed ? 'node.cordoned' : 'node.uncordoned', closed ? 'was cordoned' : 'was uncordoned')
  }
  const now = taintsOf(object)
  const old = taintsOf(before)
  for (const taint of now) {
    if (!old.has(taint)) add('node.tainted', `has the taint ${taint}`, { taint })
  }
  for (const taint of old) {
    if (!now.has(taint)) add('node.untainted', `lost the taint ${taint}`, { taint })
  }
  return entries
}

/** `node.kubernetes.io/unreachable:NoExecute`; values after `=`, as kubectl writes them. */
function taintsOf(node: WatchedObjects['node'] | undefined): Set<string> {
  return new Set(
    node?.spec?.taints?.map(
      ({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`,
    ),
  )
}

function attachmentEntries({ type, object, before }: Transition<'attachment'>): Entry[] {
  const { spec, status, metadata } = object
  const volume = spec.source.persistentVolumeName ?? metadata.name
  const data = { attachment: metadata.name, volume, node: spec.nodeName }
  const entries: Entry[] = []
  const add = (kind: string, text: string, extra: Record<string, unknown> = {}): void =>
    void entries.push({
      kind,
      subject: `attachment/${volume}`,
      text: `${volume} ${text}`,
      data: { ...data, ...extra },
    })
  const wasAttached = before?.status?.attached === true
  if (type === 'deleted') {
    add('attachment.detached', `is no longer attached to ${spec.nodeName}`)
    return entries
  }
  if (!before) add('attachment.created', `is to be attached to ${spec.nodeName}`)
  if (metadata.deletionTimestamp != null && before?.metadata.deletionTimestamp == null) {
    add('attachment.detaching', `is to be detached from ${spec.nodeName}`)
  }
  if (status?.attached === true && !wasAttached) {
    add('attachment.attached', `is attached to ${spec.nodeName}`)
  }
  for (const field of ['attachError', 'detachError'] as const) {
    const message = status?.[field]?.message
    if (message != null && message !== before?.status?.[field]?.message) {
      const what = field === 'attachError' ? 'attached to' : 'detached from'
      add('attachment.failed', `can't be ${what} ${spec.nodeName}: ${message}`, { message })
    }
  }
  return entries
}

function phaseEntries(
  what: 'claim' | 'pv',
  { type, object, before }: Transition<'claim'> | Transition<'volume'>,
): Entry[] {
  const { name } = object.metadata
  const subject = `${what}/${name}`
  if (type === 'deleted') return [{ kind: `${what}.deleted`, subject, text: `${name} is gone` }]
  const phase = object.status?.phase
  if (phase === undefined || phase === before?.status?.phase) return []
  return [{ kind: `${what}.phase`, subject, text: `${name} is ${phase}`, data: { phase } }]
}

function isTrue(
  { status }: WatchedObjects['pod'] | WatchedObjects['node'],
  condition: string,
): boolean {
  return status?.conditions?.some((c) => c.type === condition && c.status === 'True') ?? false
}
