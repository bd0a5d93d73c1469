import { describe, expect, test } from 'vitest'
import { parseEndpoints, parseStatus } from './nodetool.ts'
import { foreignRacks, hostIdAt, notSeenDown, ringProblems } from './ring.ts'

const STATUS_311 = `Datacenter: DC1-K8Demo
======================
Status=Up/Down
|/ State=Normal/Leaving/Joining/Moving
--  Address   Load       Tokens       Owns (effective)  Host ID                               Rack
UN  10.1.3.2  103.81 KiB  32           100.0%            a3b4c5d6-0000-4000-8000-000000000001  Rack1-K8Demo
DN  10.1.1.2  ?          32           100.0%            a3b4c5d6-0000-4000-8000-000000000002  Rack1-K8Demo
UJ  10.1.2.2  84.3 KiB   32           ?                 a3b4c5d6-0000-4000-8000-000000000003  Rack1-K8Demo

`

describe('parseStatus', () => {
  test('reads members that are up, down and joining', () => {
    expect(parseStatus(STATUS_311)).toEqual([
      {
        address: '10.1.3.2',
        up: true,
        state: 'normal',
        hostId: 'a3b4c5d6-0000-4000-8000-000000000001',
        rack: 'Rack1-K8Demo',
      },
      {
        address: '10.1.1.2',
        up: false,
        state: 'normal',
        hostId: 'a3b4c5d6-0000-4000-8000-000000000002',
        rack: 'Rack1-K8Demo',
      },
      {
        address: '10.1.2.2',
        up: true,
        state: 'joining',
        hostId: 'a3b4c5d6-0000-4000-8000-000000000003',
        rack: 'Rack1-K8Demo',
      },
    ])
  })

  test('finds nobody in an error', () => {
    expect(parseStatus("nodetool: Failed to connect to '127.0.0.1:7199'")).toEqual([])
  })
})

describe('the ring', () => {
  const views = [{ asked: 'cassandra-1', members: parseStatus(STATUS_311) }]

  test('is well only if every pod is up and normal, and nobody else is in it', () => {
    expect(ringProblems(views, new Map([['cassandra-2', '10.1.3.2']]))).toEqual([
      'cassandra-1 knows 10.1.1.2, down and normal, which no pod has.',
      'cassandra-1 knows 10.1.2.2, up and joining, which no pod has.',
    ])
    const [member] = views[0]?.members ?? []
    const whole = [{ asked: 'cassandra-2', members: member ? [member] : [] }]
    expect(ringProblems(whole, new Map([['cassandra-2', '10.1.3.2']]))).toEqual([])
    expect(ringProblems(whole, new Map([['cassandra-0', '10.9.9.9']]))).toContain(
      "cassandra-2 doesn't know cassandra-0 (10.9.9.9).",
    )
  })

  test('says who isn’t seen down', () => {
    expect(notSeenDown(views, 'a3b4c5d6-0000-4000-8000-000000000002')).toEqual([])
    expect(notSeenDown(views, 'a3b4c5d6-0000-4000-8000-000000000001')).toEqual([
      'cassandra-1 sees 10.1.3.2 up and normal.',
    ])
    expect(notSeenDown(views, 'none')).toEqual(["cassandra-1 doesn't know the host none at all."])
  })

  test('says whose rack is not its zone, and who is not known, once for all who say so', () => {
    const pods = new Map([
      ['10.1.3.2', { pod: 'cassandra-2', zone: 'Rack1-K8Demo' }],
      ['10.1.1.2', { pod: 'cassandra-0', zone: 'us-east-1a' }],
      ['10.1.9.9', { pod: 'cassandra-3', zone: 'us-east-1a' }],
    ])
    expect(foreignRacks([...views, ...views], pods)).toEqual([
      'cassandra-0 is in rack Rack1-K8Demo, not in its zone us-east-1a.',
      "cassandra-1 doesn't know cassandra-3 (10.1.9.9).",
    ])
    expect(foreignRacks(views, new Map([...pods].slice(0, 1)))).toEqual([])
  })

  test('gives the host id of an address only when all agree', () => {
    expect(hostIdAt(views, '10.1.1.2')).toBe('a3b4c5d6-0000-4000-8000-000000000002')
    const split = [
      ...views,
      {
        asked: 'cassandra-2',
        members: (views[0]?.members ?? []).map((item) => ({ ...item, hostId: 'other' })),
      },
    ]
    expect(hostIdAt(split, '10.1.1.2')).toBeUndefined()
  })
})

test('parseEndpoints reads addresses, with a slash or a port or neither', () => {
  expect(parseEndpoints('10.1.3.2\n10.1.1.2\n10.1.2.2\n')).toEqual([
    '10.1.1.2',
    '10.1.2.2',
    '10.1.3.2',
  ])
  expect(parseEndpoints('/10.1.3.2:7000\n')).toEqual(['10.1.3.2'])
})
