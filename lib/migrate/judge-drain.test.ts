import { expect, test } from 'vitest'
import type { SourceNode } from './facts.ts'
import { type DrainFacts, judgeDrain } from './judge-drain.ts'

const node = (id: number, state: string, mode?: string, startedAtMs = 500): SourceNode => ({
  startedAtMs,
  instanceId: `i-${id}`,
  state,
  zone: 'us-east-1a',
  address: `10.0.1.${id}`,
  candidates: [`vol-${id}`],
  volume: { id: `vol-${id}`, device: '/dev/sdf', sizeGiB: 1, type: 'gp3', encrypted: false },
  ...(mode === undefined
    ? {}
    : {
        isServing: mode !== 'DRAINED',
        identity: {
          clusterName: 'c',
          datacenter: 'd',
          rack: 'r',
          hostId: `h-${id}`,
          tokens: [],
          members: [],
          mode,
        },
      }),
})
const drain: DrainFacts = {
  token: 'migration-x',
  copiedAtMs: new Map(),
  givenTo: [],
  willDrain: true,
  isWaived: false,
}
const judged = (source: readonly SourceNode[], more: Partial<DrainFacts> = {}): string[] =>
  judgeDrain(source, { ...drain, ...more }).map(({ id, severity }) => `${severity} ${id}`)

test('nodes that run are drained, or somebody says that nothing comes of it', () => {
  const serving = [node(1, 'running', 'NORMAL'), node(2, 'stopped')]
  expect(judged(serving)).toEqual([])
  const undrained = { willDrain: false }
  expect(judged(serving, undrained)).toEqual(['refuse undrained'])
  expect(judgeDrain(serving, { ...drain, ...undrained })[0]?.text).toMatch(
    /^Nobody drains i-1: while a database serves there, pods that start from its copy take its place/,
  )
  expect(judged(serving, { willDrain: false, isWaived: true })).toEqual(['warn undrained'])
  // Whoever made the snapshots: the pods would meet the nodes.
  const snapshotsAtMs = [Date.UTC(2026, 10, 21, 6), Date.UTC(2026, 10, 21, 5)]
  expect(judged(serving, { willDrain: false, snapshotsAtMs })).toEqual([
    'warn snapshots-given',
    'refuse undrained',
  ])
  expect(judgeDrain([], { ...drain, snapshotsAtMs })[0]?.text).toContain('2026-11-21T05:00:00.000Z')
  // Nobody can be asked.
  expect(judged([node(1, 'running')], undrained)).toEqual(['refuse unasked'])
  expect(judged([node(1, 'running')], { willDrain: false, isWaived: true })).toEqual([
    'warn unasked',
  ])
  const atRest = [
    node(1, 'running', 'DRAINED'),
    node(2, 'stopped'),
    { ...node(3, 'running'), isServing: false },
  ]
  expect(judged(atRest, undrained)).toEqual([])
})

test('what an earlier try copied is not mixed with what was written since', () => {
  const copiedAtMs = new Map([['vol-1', 1000]])
  expect(
    judged([node(1, 'running', 'DRAINED'), node(2, 'running', 'NORMAL')], { copiedAtMs }),
  ).toEqual([])
  // Stopped, or nobody answers, and not started since: nothing says that it took writes again.
  expect(judged([node(1, 'stopped'), node(1, 'running')], { copiedAtMs })).toEqual([])
  const back = [node(1, 'running', 'NORMAL'), node(2, 'running', 'NORMAL')]
  expect(judged(back, { copiedAtMs })).toEqual(['refuse copied-before'])
  const [finding] = judgeDrain(back, { ...drain, copiedAtMs })
  expect(finding?.text).toMatch(/^An earlier try copied i-1, where the database takes writes again/)
  expect(finding?.todo).toMatch(/npx zonefall cleanup --migration migration-x$/)
  // Drained or stopped again, of what it took meanwhile nothing is on the copies.
  for (const again of [node(1, 'running', 'DRAINED', 2000), node(1, 'stopped', undefined, 2000)]) {
    expect(judged([again], { copiedAtMs })).toEqual(['refuse copied-before'])
  }
  // Of snapshots that somebody names nobody knows what they should hold.
  const named = { copiedAtMs, snapshotsAtMs: [] }
  expect(judged(back, named)).toEqual([])
  expect(judged(back, { ...named, willDrain: false, isWaived: true })).toEqual(['warn undrained'])
})

test('copies that other pods have are not taken', () => {
  expect(judged([node(2, 'stopped')], { givenTo: ['db/cassandra@uid'] })).toEqual([
    'refuse given-before',
  ])
})
