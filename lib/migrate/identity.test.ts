import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drainNode, parseIdentity, readServing } from './identity.ts'

/** Of Cassandra 3.11.19, some lines left out. */
const SAID = `ID                     : 2479a28f-c1ce-4bde-abea-8d17fed558a8
Gossip active          : true
Thrift active          : false
Load                   : 66.83 KiB
Data Center            : dc-legacy
Rack                   : rack-legacy
Uptime (seconds)       : 163
Exceptions             : 0
Percent Repaired       : 100.0%
Token                  : 93076336159493741
Token                  : -8652407494031256255
Cluster Information:
	Name: legacy cluster
	Snitch: org.apache.cassandra.locator.GossipingPropertyFileSnitch
	Partitioner: org.apache.cassandra.dht.Murmur3Partitioner
Datacenter: dc-legacy
--  Address    Load       Tokens  Owns    Host ID                               Rack
UN  10.0.1.11  66.83 KiB  32      100.0%  2479a28f-c1ce-4bde-abea-8d17fed558a8  rack-legacy
DN  10.0.2.11  66.82 KiB  32      100.0%  af99a2d7-ab41-4008-aba5-188241fe6b40  rack-legacy
Mode: DRAINED
`

test('reads who a node is', () => {
  expect(parseIdentity(SAID)).toEqual({
    clusterName: 'legacy cluster',
    datacenter: 'dc-legacy',
    rack: 'rack-legacy',
    hostId: '2479a28f-c1ce-4bde-abea-8d17fed558a8',
    mode: 'DRAINED',
    uptimeSeconds: 163,
    tokens: ['-8652407494031256255', '93076336159493741'],
    members: ['10.0.1.11', '10.0.2.11'],
  })
})

test('says nothing of a node that said too little', () => {
  expect(parseIdentity(SAID.replace(/^Rack.*$/m, ''))).toBeUndefined()
  expect(parseIdentity('nodetool: Failed to connect')).toBeUndefined()
})

test('a node that does not drain is not taken for one that did', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zonefall-drain-'))
  try {
    const nodetool = (mode: string): Promise<void> =>
      writeFile(
        join(folder, 'nodetool'),
        `#!/bin/sh\n[ "$1" != drain ] || exit 0\necho 'Mode: ${mode}'\n`,
        { mode: 0o755 },
      )
    const shell = { command: ['env', `PATH=${folder}:/usr/bin:/bin`] }
    const host = { instanceId: 'i-1', address: '10.0.0.1' }
    await nodetool('DRAINED')
    await drainNode(shell, host)
    await nodetool('NORMAL')
    await expect(drainNode(shell, host)).rejects.toThrow('A command on i-1 ended with exit code 1')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('that there is no database is said of a machine whose processes can be seen', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zonefall-serving-'))
  const here = { command: ['env', `PATH=${folder}:/usr/bin:/bin`] }
  const asked = () => readServing(here, { instanceId: 'i-1', address: '10.0.0.1' }, undefined)
  const script = (name: string, text: string): Promise<void> =>
    writeFile(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  try {
    const uptimeSeconds: unknown = expect.any(Number)
    await script('grep', 'exit 1')
    expect(await asked()).toEqual({ isServing: false, uptimeSeconds })
    // It has to look for what is in every command line of Cassandra.
    await script('grep', `echo 'java -Dcassandra.jmx.local.port=7199' | /bin/grep "$1" "$2"`)
    expect(await asked()).toEqual({ isServing: true, uptimeSeconds })
    await script('cat', 'exit 1')
    expect(await asked()).toEqual({ isServing: undefined, uptimeSeconds: undefined })
  } finally {
    await rm(folder, { recursive: true })
  }
})
