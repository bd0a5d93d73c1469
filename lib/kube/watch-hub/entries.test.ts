import { expect, test } from 'vitest'
import { entriesOf } from './entries.ts'
import { KINDS, type WatchedKind, type WatchedObjects } from './kinds.ts'

const metadata = (extra: object = {}) => ({
  name: 'db-0',
  uid: 'u1',
  resourceVersion: '1',
  ...extra,
})

function make<K extends WatchedKind>(kind: K, object: object): WatchedObjects[K] {
  return KINDS[kind].parse({ metadata: metadata(), ...object })
}

/** The kinds of the entries of a life: each state after the one before, and the end. */
function kindsOf(kind: WatchedKind, states: readonly object[]): string[][] {
  const objects = states.map((state) => make(kind, state))
  return objects.map((object, i) => {
    const before = objects[i - 1]
    const type = before ? 'changed' : 'added'
    const change = { type, kind, object, ...(before && { before }), afterGap: false, atMs: 0 }
    // Kind and object belong together by the signature.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return entriesOf(change as unknown as Parameters<typeof entriesOf>[0]).map(
      (entry) => entry.kind,
    )
  })
}

const scheduled = (status: string, message?: string) => ({
  type: 'PodScheduled',
  status,
  reason: 'Unschedulable',
  message,
})
const ready = (status: string) => ({ type: 'Ready', status })

test('a pod’s life, each change told once', () => {
  const running = { running: { startedAt: '2026-01-01T00:00:00Z' } }
  const db = { name: 'db', ready: false, restartCount: 0, containerID: 'c1', state: running }
  const waiting = { status: { phase: 'Pending', conditions: [scheduled('False', 'no node')] } }
  const spec = { nodeName: 'n' }
  const up = { phase: 'Running', containerStatuses: [db] }
  const crash = { terminated: { exitCode: 3, finishedAt: 'x' } }
  const again = { ...db, containerID: 'c2', restartCount: 1, lastState: crash }
  expect(
    kindsOf('pod', [
      {},
      waiting,
      waiting,
      { spec, status: { phase: 'Pending', conditions: [scheduled('True')] } },
      { spec, status: up },
      { spec, status: { ...up, conditions: [ready('True')] } },
      { spec, status: { ...up, containerStatuses: [{ ...db, state: crash }] } },
      { spec, status: { ...up, containerStatuses: [again], conditions: [ready('True')] } },
      {
        metadata: metadata({ deletionTimestamp: '2026-01-01T00:00:00Z' }),
        spec,
        status: { ...up, containerStatuses: [again], conditions: [ready('False')] },
      },
    ]),
  ).toEqual([
    ['pod.created'],
    ['pod.pending'],
    [],
    ['pod.bound'],
    ['pod.phase', 'container.started'],
    ['pod.ready'],
    ['container.ended', 'pod.not-ready'],
    ['container.started', 'pod.ready'],
    ['pod.not-ready', 'pod.terminating'],
  ])
})

test('a node that is cut off, cordoned, and comes back', () => {
  const taints = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }]
  expect(
    kindsOf('node', [
      { status: { conditions: [ready('False')] } },
      { status: { conditions: [ready('True')] } },
      { status: { conditions: [ready('Unknown')] } },
      { spec: { taints }, status: { conditions: [ready('Unknown')] } },
      { spec: { unschedulable: true, taints }, status: { conditions: [ready('True')] } },
      { status: { conditions: [ready('True')] } },
    ]),
  ).toEqual([
    ['node.added'],
    ['node.ready'],
    ['node.not-ready'],
    ['node.tainted'],
    ['node.ready', 'node.cordoned'],
    ['node.uncordoned', 'node.untainted'],
  ])
})

test('an attachment, a claim and a volume', () => {
  const spec = { attacher: 'ebs', nodeName: 'n', source: { persistentVolumeName: 'pv-1' } }
  expect(
    kindsOf('attachment', [
      { spec },
      { spec, status: { attached: false, attachError: { message: 'busy' } } },
      { spec, status: { attached: true } },
      { metadata: metadata({ deletionTimestamp: 'x' }), spec, status: { attached: true } },
    ]),
  ).toEqual([
    ['attachment.created'],
    ['attachment.failed'],
    ['attachment.attached'],
    ['attachment.detaching'],
  ])
  expect(
    kindsOf('claim', [{ status: { phase: 'Pending' } }, { status: { phase: 'Bound' } }]),
  ).toEqual([['claim.phase'], ['claim.phase']])
  expect(
    kindsOf('volume', [{ status: { phase: 'Released' } }, { status: { phase: 'Released' } }]),
  ).toEqual([['pv.phase'], []])
})

test('what is gone says what it was, and what a gap hid says so', () => {
  const object = make('pod', { spec: { nodeName: 'n' } })
  expect(
    entriesOf({ type: 'deleted', kind: 'pod', object, before: object, afterGap: true, atMs: 0 }),
  ).toEqual([
    {
      kind: 'pod.deleted',
      subject: 'pod/db-0',
      text: 'db-0 is gone',
      data: { uid: 'u1', node: 'n', afterGap: true },
    },
  ])
  const spec = { attacher: 'ebs', nodeName: 'n', source: { persistentVolumeName: 'pv-1' } }
  const attachment = make('attachment', { spec, status: { attached: true } })
  const [entry] = entriesOf({
    type: 'deleted',
    kind: 'attachment',
    object: attachment,
    before: attachment,
    afterGap: false,
    atMs: 0,
  })
  expect(entry).toMatchObject({ kind: 'attachment.detached', subject: 'attachment/pv-1' })
})

test('a watch that breaks and comes back', () => {
  const news = { kind: 'pod', atMs: 0 } as const
  expect(
    [
      entriesOf({ ...news, type: 'trouble', why: 'silence' }),
      entriesOf({ ...news, type: 'trouble' }),
      entriesOf({ ...news, type: 'gap', why: 'compacted' }),
      entriesOf({ ...news, kind: 'event', type: 'gap', why: 'compacted' }),
    ].flatMap((entries) => entries.map(({ kind, text }) => [kind, text])),
  ).toEqual([
    ['watch.trouble', "pods can't be seen: silence"],
    ['watch.back', 'pods are seen again'],
    ['watch.gap', 'some states of pods were missed: compacted'],
  ])
})
