import { expect, test } from 'vitest'
import { zonesOfVolume } from '../kube/volume-affinity.ts'
import { adoptionObjects } from './adoption-objects.ts'
import type { MigrationPlan } from './plan.ts'

const plan: MigrationPlan = {
  token: 'm-1',
  namespace: 'db',
  statefulSet: 'cassandra',
  template: 'cassandra-data',
  storageClass: 'migrated',
  accessModes: ['ReadWriteOnce'],
  requestGiB: 1,
  fsType: 'xfs',
  form: 'csi',
  nodes: ['a', 'b'].map((letter, ordinal) => ({
    ordinal,
    instanceId: `i-${ordinal}`,
    source: {
      id: `vol-${ordinal}`,
      device: '/dev/sdf',
      sizeGiB: 7,
      type: 'gp3',
      encrypted: false,
    },
    sourceZone: 'us-east-1c',
    zone: `us-east-1${letter}`,
    claim: `cassandra-data-cassandra-${ordinal}`,
    volume: `m-1-cassandra-data-cassandra-${ordinal}`,
  })),
}

test('a volume and a claim of each node name each other', () => {
  const [volume, claim, ...rest] = adoptionObjects(plan, ['vol-x', 'vol-y'], { run: 'r' })
  expect(rest.map(({ metadata }) => metadata.name)).toEqual([
    'm-1-cassandra-data-cassandra-1',
    'cassandra-data-cassandra-1',
  ])
  expect(volume).toMatchObject({
    kind: 'PersistentVolume',
    metadata: { labels: { run: 'r', 'zonefall.io/migration': 'm-1' } },
    spec: {
      capacity: { storage: '7Gi' },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'migrated',
      claimRef: { namespace: 'db', name: claim?.metadata.name },
      csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-x', fsType: 'xfs' },
    },
  })
  expect(zonesOfVolume(volume ?? {})).toEqual(['us-east-1a'])
  expect(claim).toMatchObject({
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'db', name: 'cassandra-data-cassandra-0' },
    spec: {
      volumeName: volume?.metadata.name,
      storageClassName: 'migrated',
      resources: { requests: { storage: '1Gi' } },
    },
  })
})

test('the form from before the driver names the zone, too', () => {
  const [volume] = adoptionObjects({ ...plan, form: 'in-tree' }, ['vol-x', 'vol-y'])
  expect(volume?.spec).toMatchObject({
    awsElasticBlockStore: { volumeID: 'aws://us-east-1a/vol-x', fsType: 'xfs' },
  })
  expect(volume?.spec).not.toHaveProperty('csi')
  expect(zonesOfVolume(volume ?? {})).toEqual(['us-east-1a'])
})
