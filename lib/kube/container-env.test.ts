import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withContainerEnv } from './container-env.ts'
import { loadManifests } from './manifests.ts'

const manifests = await loadManifests(join(import.meta.dirname, '../../manifests/cassandra'))
const database = { statefulSet: 'cassandra', container: 'cassandra' }

test('variables are added, and take the place of those of the same name', () => {
  const before = JSON.stringify(manifests)
  const changed = withContainerEnv(manifests, database, {
    CASSANDRA_CLUSTER_NAME: 'Other',
    CASSANDRA_COMMITLOG_SYNC: 'batch',
  })
  const text = JSON.stringify(changed)
  expect(text).toContain('{"name":"CASSANDRA_COMMITLOG_SYNC","value":"batch"}')
  expect(text.match(/CASSANDRA_CLUSTER_NAME/g)).toHaveLength(1)
  expect(text).toContain('{"name":"CASSANDRA_CLUSTER_NAME","value":"Other"}')
  expect(text).toContain('MAX_HEAP_SIZE')
  expect(JSON.stringify(manifests)).toBe(before)
})

test('nothing else is touched', () => {
  const changed = withContainerEnv(manifests, { ...database, container: 'other' }, { A: 'b' })
  expect(changed).toEqual(manifests)
})
