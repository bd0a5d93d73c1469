import { expect, test } from 'vitest'
import { parseIdentity } from './identity.ts'

/** Of Cassandra 3.11.19, some lines left out. */
const SAID = `ID                     : 2479a28f-c1ce-4bde-abea-8d17fed558a8
Gossip active          : true
Thrift active          : false
Load                   : 66.83 KiB
Data Center            : dc-legacy
Rack                   : rack-legacy
Exceptions             : 0
Percent Repaired       : 100.0%
Token                  : 93076336159493741
Token                  : -8652407494031256255
Cluster Information:
	Name: legacy cluster
	Snitch: org.apache.cassandra.locator.GossipingPropertyFileSnitch
	Partitioner: org.apache.cassandra.dht.Murmur3Partitioner
Mode: DRAINED
`

test('reads who a node is', () => {
  expect(parseIdentity(SAID)).toEqual({
    clusterName: 'legacy cluster',
    datacenter: 'dc-legacy',
    rack: 'rack-legacy',
    hostId: '2479a28f-c1ce-4bde-abea-8d17fed558a8',
    mode: 'DRAINED',
    tokens: ['-8652407494031256255', '93076336159493741'],
  })
})

test('says nothing of a node that said too little', () => {
  expect(parseIdentity(SAID.replace(/^Rack.*$/m, ''))).toBeUndefined()
  expect(parseIdentity('nodetool: Failed to connect')).toBeUndefined()
})
