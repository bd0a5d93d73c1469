import { describe, expect, test } from 'vitest'
import type { HandMadeVolume, MigrationFacts, NodeIdentity, SourceNode } from './facts.ts'
import { type FindingId, judgeMigration } from './judge.ts'

const identity: NodeIdentity = {
  clusterName: 'legacy',
  datacenter: 'dc1',
  rack: 'r1',
  hostId: 'h',
  tokens: ['1'],
  members: [],
  mode: 'DRAINED',
}

const node = (n: number): SourceNode => ({
  instanceId: `i-${n}`,
  state: 'running',
  zone: `us-east-1${'abc'[n]}`,
  address: `10.0.${n}.1`,
  candidates: [`vol-${n}`],
  volume: {
    id: `vol-${n}`,
    device: '/dev/sdf',
    sizeGiB: 100,
    type: 'gp3',
    encrypted: false,
  },
  identity,
})

const made = (n: number): HandMadeVolume => ({
  name: `pv-${n}`,
  claim: `data-cassandra-${n}`,
  volumeId: `vol-copy-${n}`,
  zones: [`us-east-1${'abc'[n]}`],
  reclaimPolicy: 'Retain',
  volume: { zone: `us-east-1${'abc'[n]}`, copyOf: `vol-${n}` },
})

const facts: MigrationFacts = {
  source: [node(0), node(1), node(2)],
  target: {
    namespace: 'default',
    statefulSet: 'cassandra',
    replicas: 3,
    templates: [{ name: 'data', requestGiB: 100, accessModes: ['ReadWriteOnce'] }],
    settings: { clusterName: 'legacy', datacenter: 'dc1', rack: 'r1' },
    claims: [],
    zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
    hasCsiDriver: true,
    volumes: [made(0), made(1), made(2)],
  },
  zones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
  template: 'data',
  snapshots: [],
}

const source = (n: number, change: Partial<SourceNode>): MigrationFacts => ({
  ...facts,
  source: facts.source.map((one, index) => (index === n ? { ...one, ...change } : one)),
})
const target = (change: Partial<MigrationFacts['target']>): MigrationFacts => ({
  ...facts,
  target: { ...facts.target, ...change },
})
const volume = (n: number, change: Partial<HandMadeVolume>): MigrationFacts =>
  target({ volumes: facts.target.volumes.map((one, i) => (i === n ? { ...one, ...change } : one)) })
const without = (n: number, key: 'volume' | 'identity'): MigrationFacts => ({
  ...facts,
  source: facts.source.map((one, index) => {
    if (index !== n) return one
    const { [key]: _gone, ...rest } = one
    return rest
  }),
})
const absent = (given: MigrationFacts, n: number): MigrationFacts => ({
  ...given,
  source: given.source.map((one, index) => (index === n ? { ...one, state: 'stopping' } : one)),
})
const snapshots = (startedAtMs: readonly number[], mode: string): MigrationFacts => ({
  ...facts,
  source: facts.source.map((one) => ({ ...one, identity: { ...identity, mode } })),
  snapshots: startedAtMs.map((at, n) => ({
    id: `snap-${n}`,
    volumeId: `vol-${n}`,
    startedAtMs: at,
    state: 'completed',
  })),
})

test('nothing speaks against a migration that is in order', () => {
  expect(judgeMigration(facts)).toEqual([])
  expect(judgeMigration(snapshots([0, 2000, 3000], 'DRAINED'))).toEqual([])
  expect(judgeMigration(snapshots([0, 2000, 3000], 'NORMAL'))).toEqual([])
})

test('snapshots of drained nodes that were made far apart may be older than the drain', () => {
  expect(judgeMigration(snapshots([0, 60_000, 90_000], 'DRAINED'))).toMatchObject([
    {
      id: 'snapshots-apart',
      severity: 'warn',
      text: 'The snapshots were begun 90 s apart, and nobody can tell whether all nodes were drained before the first.',
    },
  ])
})

describe('what speaks against a migration has a message of its own', () => {
  const swapped = (): MigrationFacts => {
    const [first = made(0), second = made(1), third = made(2)] = facts.target.volumes
    return target({
      volumes: [
        { ...first, claim: 'data-cassandra-1' },
        { ...second, claim: 'data-cassandra-0' },
        third,
      ],
    })
  }
  const cases: readonly (readonly [FindingId, MigrationFacts, string])[] = [
    ['source-missing', source(1, { state: 'absent' }), 'Instance i-1 is absent.'],
    [
      'source-missing',
      { ...absent(without(1, 'identity'), 1), zones: ['us-east-1a', '', 'us-east-1c'] },
      'Instance i-1 is stopping.',
    ],
    ['source-volume', without(2, 'volume'), 'Instance i-2 has several data volumes'],
    ['source-twice', source(1, { instanceId: 'i-0' }), 'Instance i-0 is named twice.'],
    ['node-count', target({ replicas: 2 }), 'There are 3 legacy nodes, and StatefulSet cassandra'],
    ['identity-unknown', without(0, 'identity'), 'Nobody could ask i-0'],
    [
      'different-clusters',
      {
        ...source(0, { identity: { ...identity, clusterName: 'other' } }),
        target: { ...facts.target, settings: {} },
      },
      'different clusters: other, legacy',
    ],
    [
      'cluster-name',
      target({ settings: { clusterName: 'K8Demo' } }),
      'is of cluster name legacy, and the manifest says K8Demo',
    ],
    ['datacenter', target({ settings: { datacenter: 'dc2' } }), 'is of datacenter dc1'],
    ['rack', target({ settings: { rack: 'r2' } }), 'is of rack r1, and the manifest says r2'],
    [
      'claim-exists',
      target({ claims: ['data-cassandra-1'] }),
      'The claim data-cassandra-1 is there already',
    ],
    [
      'template-name',
      { ...facts, template: 'cassandra-data', target: { ...facts.target, volumes: [] } },
      'it would make empty volumes of its own and look healthy',
    ],
    [
      'claim-too-large',
      target({ templates: [{ name: 'data', requestGiB: 200, accessModes: [] }] }),
      'asks for 200 GiB, and vol-0 has 100',
    ],
    ['zone-without-nodes', target({ zones: ['us-east-1a', 'us-east-1b'] }), 'in zone us-east-1c'],
    [
      'ring-larger',
      {
        ...facts,
        source: facts.source.map((node, index) =>
          index === 1 && node.identity
            ? {
                ...node,
                identity: {
                  ...node.identity,
                  members: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.9.0.4'],
                },
              }
            : node,
        ),
      },
      'The ring has 4 nodes (10.0.0.1, 10.0.0.2, 10.0.0.3, 10.9.0.4), and 3 are named',
    ],
    ['csi-driver', target({ hasCsiDriver: false }), 'no driver ebs.csi.aws.com'],
    ['volume-no-affinity', volume(1, { zones: [] }), 'pv-1 has no node affinity'],
    [
      'volume-wrong-zone',
      volume(1, { zones: ['us-east-1a'] }),
      'sends its pod to us-east-1a, and vol-copy-1 is in us-east-1b',
    ],
    [
      'volume-deleted-with-claim',
      volume(0, { reclaimPolicy: 'Delete' }),
      'with its claim the data would go',
    ],
    [
      'volume-attached',
      volume(0, { volume: { zone: 'us-east-1a', attachedTo: 'i-9', copyOf: 'vol-0' } }),
      'Volume vol-copy-0 of PersistentVolume pv-0 is attached to i-9',
    ],
    [
      'volume-of-source',
      volume(0, { volumeId: 'vol-0', volume: { zone: 'us-east-1a', attachedTo: 'i-0' } }),
      'names vol-0 itself, the volume of i-0, and no copy',
    ],
    ['volumes-swapped', swapped(), 'data-cassandra-1 leads to a copy of vol-0'],
    [
      'volume-of-other-template',
      volume(2, { claim: 'cassandra-data-cassandra-2' }),
      'which StatefulSet cassandra never asks for',
    ],
    [
      'snapshot-missing',
      { ...snapshots([0, 0, 0], 'DRAINED'), snapshots: snapshots([0, 0], 'DRAINED').snapshots },
      'There is no snapshot of vol-2 of i-2',
    ],
    [
      'snapshots-apart',
      snapshots([0, 1000, 90_000], 'NORMAL'),
      'begun 90 s apart while i-0, i-1, i-2 took writes',
    ],
  ]

  const noVolume = facts.target.volumes.map(({ volume: _gone, ...rest }) => rest)
  const all = [
    ...cases,
    ['volume-absent', target({ volumes: noVolume }), 'which EC2 does not have'] as const,
  ]

  test.each(all)('%s', (id, changed, words) => {
    const given = id === 'source-volume' ? withCandidates(changed) : changed
    const found = judgeMigration(given)
    expect(new Set(found.map((one) => one.id))).toEqual(new Set([id]))
    expect(found[0]?.text).toContain(words)
    expect(found[0]?.todo).toMatch(/\.$/)
    expect(found[0]?.severity).toBe(id === 'identity-unknown' ? 'warn' : 'refuse')
  })

  test('no two say the same', () => {
    const texts = all.map(([, changed]) => judgeMigration(changed)[0]?.text)
    expect(new Set(texts).size).toBe(all.length)
  })
})

function withCandidates(changed: MigrationFacts): MigrationFacts {
  return {
    ...changed,
    source: changed.source.map((one) =>
      one.volume === undefined ? { ...one, candidates: ['vol-8', 'vol-9'] } : one,
    ),
  }
}
