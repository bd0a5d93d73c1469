import { expect, test } from 'vitest'
import { startRefusal } from './start-refusal.ts'

test.for([
  [
    "ERROR [main] 2026-11-21 18:00:01,123 CassandraDaemon.java:822 - Cannot start node if snitch's rack (r2) differs from previous rack (r1). Please fix the snitch configuration, decommission and rebootstrap this node or use the flag -Dcassandra.ignore_rack=true.",
    "Cannot start node if snitch's rack (r2) differs from previous rack (r1)",
  ],
  [
    "Cannot start node if snitch's data center (dc2) differs from previous data center (dc1). Please fix",
    "Cannot start node if snitch's data center (dc2) differs from previous data center (dc1)",
  ],
  [
    'org.apache.cassandra.exceptions.ConfigurationException: Saved cluster name legacy != configured name K8Demo\n\tat org.apache.cassandra.db.SystemKeyspace.checkHealth(SystemKeyspace.java:1007)',
    'Saved cluster name legacy != configured name K8Demo',
  ],
  [
    'ConfigurationException: Cannot change the number of tokens from 256 to 16',
    'Cannot change the number of tokens from 256 to 16',
  ],
])('what Cassandra refuses to start for is quoted from its log', ([log = '', said]) => {
  expect(startRefusal(`INFO  [main] Loading settings\n${log}\n\tat more\n`)).toBe(said)
})

test('a log of a node that starts, or that dies of something else, has none', () => {
  expect(startRefusal('INFO  [main] Node /10.1.0.3 state jump to NORMAL\n')).toBeUndefined()
  expect(startRefusal('java.lang.OutOfMemoryError: Java heap space\n')).toBeUndefined()
})
