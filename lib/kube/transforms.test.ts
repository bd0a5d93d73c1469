import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadManifests, parseManifests } from './manifests.ts'
import { retarget } from './transforms.ts'

const OPTIONS = { namespace: 'zonefall-x', suffix: '-k3f9', labels: { 'zonefall.io/run': 'r1' } }

test('moves the Cassandra manifests to a namespace of the run’s own', async () => {
  const before = await loadManifests(join(import.meta.dirname, '../../manifests/cassandra'))
  const untouched = structuredClone(before)
  const after = retarget(before, OPTIONS)
  const text = JSON.stringify(after.map(({ object }) => object))

  expect(text).toContain('"storageClassName":"mysql-gp2-k3f9"')
  expect(text).toContain('cassandra-0.cassandra.zonefall-x.svc.cluster.local')
  expect(text).not.toContain('default.svc')
  expect(after.map(({ object }) => [object.metadata.name, object.metadata.namespace])).toEqual([
    ['mysql-gp2-k3f9', undefined],
    ['cassandra', 'zonefall-x'],
    ['cassandra', 'zonefall-x'],
  ])
  // On the three objects, the pod template and the claim template.
  expect(text.match(/"zonefall\.io\/run":"r1"/g)).toHaveLength(5)
  // The driver passes it on to the volumes, where it is found in the account.
  expect(after[0]?.object).toMatchObject({
    parameters: { type: 'gp2', tagSpecification_1: 'zonefall.io/run=r1' },
  })
  expect(before).toEqual(untouched)
})

test('follows references to what it renames, and leaves others’ names alone', () => {
  const objects = parseManifests(
    `
apiVersion: v1
kind: Namespace
metadata: {name: db}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: db}]
---
apiVersion: v1
kind: Service
metadata: {name: seeds, namespace: db}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: db}
data:
  a: seeds.db.svc, other.db.svc, my-seeds.db.svc, seeds.dbx.svc
  storageClassName: standard
`,
    'f.yaml',
  )
  const moved = retarget(objects, OPTIONS).map(({ object }) => object)
  expect(moved.map(({ kind }) => kind)).not.toContain('Namespace')
  expect(moved.find(({ kind }) => kind === 'ClusterRoleBinding')).toMatchObject({
    metadata: { name: 'reader-k3f9' },
    roleRef: { name: 'reader-k3f9' },
    subjects: [{ name: 'reader', namespace: 'zonefall-x' }],
  })
  expect(moved.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({
    data: {
      a: 'seeds.zonefall-x.svc, other.db.svc, my-seeds.db.svc, seeds.dbx.svc',
      storageClassName: 'standard',
    },
  })
})
