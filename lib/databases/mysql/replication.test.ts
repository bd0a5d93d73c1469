import { expect, it } from 'vitest'
import { type ReplicaStatus, roleProblems, type ServerFacts } from './replication.ts'

const primary: ServerFacts = { serverId: 100, serverUuid: 'a', isReadOnly: false }
const replica: ServerFacts = { serverId: 101, serverUuid: 'b', isReadOnly: true }
const follows: ReplicaStatus = {
  primary: 'mysql-0.mysql',
  isReceiving: true,
  isApplying: true,
  behindSeconds: 0,
  lastError: '',
  received: { file: 'mysql-0-bin.000003', position: 157 },
}
const first = { pod: 'mysql-0', ordinal: 0 }
const second = { pod: 'mysql-1', ordinal: 1 }

it('finds nothing wrong with a primary that takes writes and a replica that follows', () => {
  expect(roleProblems(first, primary, undefined)).toEqual([])
  expect(roleProblems(second, replica, follows)).toEqual([])
})

it.each([
  ['a primary that is read-only', first, { ...primary, isReadOnly: true }, undefined, /read-only/],
  ['a primary that follows somebody', first, primary, follows, /follows mysql-0\.mysql/],
  [
    'a replica that takes writes',
    second,
    { ...replica, isReadOnly: false },
    follows,
    /takes writes/,
  ],
  ['a replica that follows nobody', second, replica, undefined, /follows nobody/],
  [
    'a replica that receives nothing',
    second,
    replica,
    { ...follows, isReceiving: false, lastError: 'no host' },
    /receives: false, applies: true\): no host/,
  ],
  ['another server id', second, { ...replica, serverId: 7 }, follows, /server id 7, not 101/],
] as const)('names %s', (_what, pod, facts, status, sentence) => {
  expect(roleProblems(pod, facts, status)).toEqual([expect.stringMatching(sentence)])
})
