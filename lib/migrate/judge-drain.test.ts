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
        identity: {
          clusterName: 'c',
          datacenter: 'd',
          rack: 'r',
          hostId: `h-${id}`,
          tokens: [],
          mode,
        },
      }),
})
const drain: DrainFacts = {
  token: 'migration-x',
  copiedAtMs: new Map(),
  isPossible: true,
  isNeeded: true,
  isWaived: false,
}
const judged = (source: readonly SourceNode[], more: Partial<DrainFacts> = {}): string[] =>
  judgeDrain(source, { ...drain, ...more }).map(({ id, severity }) => `${severity} ${id}`)

test('nodes that run are drained, or somebody says that nothing writes to them', () => {
  const source = [node(1, 'running', 'NORMAL'), node(2, 'stopped')]
  expect(judged(source)).toEqual([])
  expect(judged(source, { isPossible: false })).toEqual(['refuse undrained'])
  expect(judgeDrain(source, { ...drain, isPossible: false })[0]?.text).toMatch(
    /^Nobody drains i-1: /,
  )
  expect(judged(source, { isPossible: false, isWaived: true })).toEqual(['warn undrained'])
  // Somebody else's snapshots are as they are.
  expect(judged(source, { isPossible: false, isNeeded: false })).toEqual([])
  expect(judged([node(2, 'stopped')], { isPossible: false })).toEqual([])
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
})
