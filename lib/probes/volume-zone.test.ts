import type { V1CSINode, V1Node, V1StorageClass } from '@kubernetes/client-node'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fnv1, hashClaim, predictZone } from './volume-zone.ts'

const DRIVER = 'ebs.csi.aws.com'
const KEYS = ['topology.ebs.csi.aws.com/zone', 'topology.kubernetes.io/zone', 'kubernetes.io/os']

const storageClass: V1StorageClass = {
  metadata: { name: 'mysql-gp2' },
  provisioner: DRIVER,
  volumeBindingMode: 'Immediate',
}

function node(zone: string): V1Node {
  const labels = Object.fromEntries(KEYS.map((key) => [key, key.endsWith('zone') ? zone : 'linux']))
  return { metadata: { name: zone, labels } }
}

const csiNode: V1CSINode = {
  metadata: { name: 'a' },
  spec: { drivers: [{ name: DRIVER, nodeID: 'i-1', topologyKeys: KEYS }] },
}

const ABC = ['us-east-1a', 'us-east-1b', 'us-east-1c']

function predict(claim: string, zones: readonly string[], extra: Partial<V1StorageClass> = {}) {
  return predictZone(claim, {
    storageClass: Object.assign({}, storageClass, extra),
    csiNodes: [csiNode],
    nodes: zones.map((zone) => node(zone)),
  }).zone
}

describe('predictZone', () => {
  test('puts the claims of cassandra-0, -1, -2 and -3 where a real cluster put them', () => {
    const claims = [0, 1, 2, 3].map((ordinal) => `cassandra-data-cassandra-${ordinal}`)
    expect(claims.map((claim) => predict(claim, ABC))).toEqual([
      'us-east-1b',
      'us-east-1c',
      'us-east-1a',
      'us-east-1b',
    ])
  })

  test('does not depend on the order of nodes, nor on how many a zone has', () => {
    const zones = fc.shuffledSubarray([...ABC, ...ABC, ...ABC], { minLength: 9, maxLength: 9 })
    fc.assert(
      fc.property(zones, fc.nat(50), (zones, ordinal) => {
        const claim = `data-db-${ordinal}`
        expect(predict(claim, zones)).toBe(predict(claim, ABC))
      }),
    )
  })

  test('goes round the zones: as many claims in a row as zones are in all of them', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1 }), (zones) => {
        const found = zones.map((_, ordinal) => predict(`data-db-${ordinal}`, zones))
        expect(new Set(found)).toEqual(new Set(zones))
      }),
    )
  })

  test('changes when a zone’s last node goes', () => {
    const claim = 'cassandra-data-cassandra-2'
    expect([predict(claim, ABC), predict(claim, ABC.slice(0, 2))]).toEqual([
      'us-east-1a',
      'us-east-1b',
    ])
  })

  test('is limited to the class’s topologies', () => {
    const allowedTopologies = [
      { matchLabelExpressions: [{ key: 'topology.kubernetes.io/zone', values: ['us-east-1c'] }] },
    ]
    expect(predict('cassandra-data-cassandra-0', ABC, { allowedTopologies })).toBe('us-east-1c')
  })

  test('says why it can’t tell', () => {
    const waiting = Object.assign({}, storageClass, { volumeBindingMode: 'WaitForFirstConsumer' })
    expect(
      predictZone('a-b-0', { storageClass: waiting, csiNodes: [csiNode], nodes: [node('a')] }),
    ).toEqual({ claim: 'a-b-0', zone: undefined, why: 'the scheduler picks the node first' })
    expect(predictZone('a-b-0', { storageClass, csiNodes: [], nodes: [node('a')] }).why).toBe(
      `no node has registered ${DRIVER}`,
    )
  })
})

describe('hashClaim', () => {
  test('hashes what is between the last two dashes', () => {
    expect(hashClaim('cassandra-data-cassandra-1')).toEqual({ hash: fnv1('cassandra'), ordinal: 1 })
    expect(hashClaim('data-my-db-12')).toEqual({ hash: fnv1('db'), ordinal: 12 })
    expect(hashClaim('data-3')).toEqual({ hash: fnv1('data'), ordinal: 3 })
  })

  test('hashes the whole of a name that doesn’t end in a number', () => {
    expect(hashClaim('my-data')).toEqual({ hash: fnv1('my-data'), ordinal: 0 })
    expect(hashClaim('data-4294967296')).toEqual({ hash: fnv1('data-4294967296'), ordinal: 0 })
  })
})

test('fnv1 agrees with the published vectors of FNV-1 of 32 bits', () => {
  expect([fnv1(''), fnv1('a'), fnv1('foobar')]).toEqual([0x811c9dc5, 0x050c5d7e, 0x31f0b262])
})
