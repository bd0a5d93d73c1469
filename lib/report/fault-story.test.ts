import { describe, expect, it, test } from 'vitest'
import type { TimelineEvent } from '../model/timeline.ts'
import { BEFORE, cluster, harness, OUTAGE, STORY, TELLS, ZONE_NODE } from './fault-story-sample.ts'
import { faultStories } from './fault-story.ts'

const phasesOf = (events: readonly TimelineEvent[]): string[] =>
  faultStories(events, STORY).flatMap(({ moments }) => moments.map(({ phase }) => phase))

/** `pod-deleted 310` in seconds since the injection. */
const timesOf = (events: readonly TimelineEvent[]): string[] =>
  faultStories(events, STORY).flatMap(({ startedAtMs, moments }) =>
    moments.map(({ phase, atMs }) => `${phase} ${(atMs - startedAtMs) / 1000}`),
  )

const ALL = ['fault-injected', ...TELLS.map(([phase]) => phase)]

describe('a fault’s story', () => {
  it('tells every phase in the order of its time, whatever the order of the lines', () => {
    expect(phasesOf(OUTAGE)).toEqual(ALL)
    expect(phasesOf(OUTAGE.toReversed())).toEqual(ALL)
  })

  // Whether all is back is told by more than one event.
  it.each(TELLS.slice(0, -1))(
    'leaves out %s where it did not happen, and nothing else',
    (phase, event) => {
      const without = phasesOf(OUTAGE.filter((one) => one !== event))
      // What can't be without it goes as well.
      const needs: Readonly<Record<string, readonly string[]>> = {
        'fault-healed': ['heal-begun'],
        'pod-deleted': ['replacement-pending'],
        'node-ready': ['steady-state'],
        'pod-ready': ['steady-state'],
      }
      const gone = [phase, ...(needs[phase] ?? [])]
      expect(without).toEqual(ALL.filter((one) => !gone.includes(one)))
    },
  )

  it('begins when the injection began, which has effects before its call returns', () => {
    const [story] = faultStories(OUTAGE, STORY)
    expect(story?.startedAtMs).toBe(100_000)
    const unplanned = OUTAGE.filter(({ kind }) => kind !== 'fault.planned')
    expect(faultStories(unplanned, STORY)[0]?.startedAtMs).toBe(99_000)
    const abrupt = unplanned.filter(({ kind }) => kind !== 'fault.begin')
    expect(faultStories(abrupt, STORY)[0]?.startedAtMs).toBe(102_000)
  })

  it('leaves out what happened to the deployment of a file that ran beside', () => {
    const at = (file: string): TimelineEvent[] =>
      OUTAGE.map((event) => (event.source === 'kubernetes' ? { ...event, file } : event))
    expect(phasesOf(at('db/outage'))).toEqual(ALL)
    const beside = at('db/other')
      .filter(({ source }) => source === 'kubernetes')
      .map((event) => ({ ...event, atMs: event.atMs + 100 }))
    expect(timesOf([...OUTAGE, ...beside])).toEqual(timesOf(OUTAGE))
  })

  it('has none without an injection, nor of another scenario’s', () => {
    expect(phasesOf(OUTAGE.filter(({ kind }) => kind !== 'fault.injected'))).toEqual([])
    expect(faultStories(OUTAGE, { ...STORY, scenario: 'db/other/b' })).toEqual([])
  })

  it('leaves out canaries, the scenario’s agents and what came after the scenario', () => {
    const noise = [
      cluster(103, 'pod.created', 'pod/canary'),
      cluster(104, 'pod.terminating', 'pod/canary'),
      cluster(105, 'pod.deleted', 'pod/canary'),
      cluster(106, 'attachment.created', 'attachment/pv-canary'),
      cluster(107, 'attachment.detached', 'attachment/pv-canary'),
      cluster(150, 'pod.not-ready', 'pod/agent-a'),
      cluster(155, 'pod.deleted', 'pod/agent-a'),
      cluster(901, 'pod.deleted', 'pod/db-0', { uid: 'new' }),
    ]
    expect(timesOf([...OUTAGE, ...noise])).toEqual(timesOf(OUTAGE))
  })

  it('says why a replacement waits by the scheduler’s last word, from its first', () => {
    const early = { ...cluster(410.5, 'pod.pending', 'pod/db-0', { uid: 'new' }), text: 'no claim' }
    const old = cluster(410.2, 'pod.pending', 'pod/db-0', { uid: 'old' })
    const [story] = faultStories([...OUTAGE, early, old], STORY)
    expect(story?.moments.find(({ phase }) => phase === 'replacement-pending')).toEqual({
      phase: 'replacement-pending',
      atMs: 410_500,
      subject: 'pod/db-0',
      evidence: 'pod/db-0 pod.pending',
    })
  })

  it('takes the start that led to Ready, and the Ready that lasted', () => {
    const flapping = [
      cluster(435, 'container.started', 'pod/db-0'),
      cluster(436, 'pod.ready', 'pod/db-0'),
      cluster(437, 'pod.not-ready', 'pod/db-0'),
      cluster(465, 'container.started', 'pod/db-0'),
    ]
    const times = timesOf([...OUTAGE, ...flapping])
    expect(times).toContain('container-started 340')
    expect(times).toContain('pod-ready 362')
  })

  it('sees a new node in the place of a removed one, and none where none was removed', () => {
    const events = OUTAGE.filter(({ kind }) => kind !== 'node.ready')
    const joins = [
      cluster(445, 'node.added', 'node/ip-10-0-1-77'),
      cluster(450, 'node.not-ready', 'node/ip-10-0-1-77'),
      cluster(455, 'node.ready', 'node/ip-10-0-1-77'),
    ]
    const times = timesOf([...events, ...joins])
    expect(times).toContain('node-ready 355')
    expect(times.filter((one) => one.startsWith('node-not-ready'))).toEqual(['node-not-ready 51'])
    const kept = events.filter(({ subject }) => subject !== `node/${ZONE_NODE}`)
    expect(phasesOf([...kept, ...joins])).not.toContain('node-ready')
  })

  it('is not over before the last of what was away is back, whatever was said before', () => {
    const steady = (events: readonly TimelineEvent[]) => faultStories(events, STORY)[0]?.steadyAtMs
    expect(steady(OUTAGE)).toBe(471_000)
    expect(steady([...OUTAGE, cluster(480, 'pod.ready', 'pod/db-0')])).toBe(480_000)
    expect(steady([...OUTAGE, cluster(490, 'node.ready', `node/${ZONE_NODE}`)])).toBe(490_000)
    // Of a fault that nobody heals, the ring tells.
    const unsaid = OUTAGE.filter(({ kind }) => kind !== 'fault.recovered')
    expect(steady(unsaid)).toBe(470_000)
    expect(steady(unsaid.filter(({ kind }) => kind !== 'wait.end'))).toBeUndefined()
    const away = [cluster(30, 'pod.created', 'pod/db-1'), cluster(160, 'pod.not-ready', 'pod/db-1')]
    expect(steady([...OUTAGE, ...away])).toBeUndefined()
    expect(steady([...OUTAGE, cluster(160, 'node.not-ready', 'node/other')])).toBeUndefined()
  })

  it('calls no database rejoined whose pods were never away', () => {
    const podless = OUTAGE.filter(({ atMs, subject }) => atMs < 100_000 || subject !== 'pod/db-0')
    expect(phasesOf(podless)).not.toContain('database-rejoined')
  })
})

test('what is broken after all was mended is a story of its own, what is broken meanwhile is not', () => {
  const events = [
    ...BEFORE,
    harness(100, 'fault.injected'),
    // Nobody heals a deletion.
    harness(101, 'fault.injected', 'pod/db-0'),
    cluster(103, 'pod.deleted', 'pod/db-0', { uid: 'old' }),
    harness(110, 'fault.injected', 'zone/us-east-1b'),
    harness(120, 'fault.healed', 'zone/us-east-1b'),
    harness(125, 'fault.injected', 'pod/db-0'),
    harness(130, 'fault.healed'),
    cluster(140, 'pod.ready', 'pod/db-0'),
    harness(200, 'fault.injected', 'pod/db-0'),
    cluster(205, 'pod.deleted', 'pod/db-0', { uid: 'new' }),
  ]
  const stories = faultStories(events, STORY)
  expect(stories.map(({ startedAtMs, untilMs }) => [startedAtMs, untilMs])).toEqual([
    [99_000, 200_000],
    [200_000, 900_000],
  ])
  expect(stories.map(({ moments }) => moments.map(({ phase }) => phase))).toEqual([
    [
      'fault-injected',
      'fault-injected',
      'pod-deleted',
      'fault-injected',
      'fault-healed',
      'fault-injected',
      'fault-healed',
      'pod-ready',
    ],
    ['fault-injected', 'pod-deleted'],
  ])
})
