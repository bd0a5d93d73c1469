import { scenario } from '../../fixtures/index.ts'

/**
 * A zone of the workshop's MySQL loses its power, with clients in every zone. Without the primary's
 * nobody writes until it is back, without the replica's everybody does.
 */
const needs = { zones: 2, capabilities: ['exec', 'ec2'] } as const
const tags = ['mysql', 'ec2', 'zone'] as const
/** Enough reads that any server may serve to say something of them. */
const readers = { workload: 'set', readShare: 0.4 } as const

/** CoreDNS keeps it for 30 s that there was no primary of that name; a try may take 5 s more. */
const BY_NAME = { minRatio: 0, maxFirstSuccessMs: 35_000 } as const

scenario(
  'the zone of the primary goes dark: nobody writes, all read, and nothing acknowledged is lost',
  { tags, needs, faults: ['zone-outage'], typicalSeconds: 240 },
  async ({ zones, mysql, faults, expect }) => {
    const primary = await mysql.pod(0)
    const others = zones.filter(({ name }) => name !== primary.zone)
    mysql.keepClientOutOf(primary.zone)
    const hello = await mysql.sayHello()
    await expect(hello).toBeOnEveryServer()
    const clients = await mysql.clientsInEveryZone(readers)
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const outage = await faults.zoneOutage(primary.zone)
    await expect(mysql).toRefuseWrites()
    await expect(mysql).toBeReadFrom([1])
    await expect(hello).toReadBack()
    await clients.untilServed({ operations: 40, zones: others })

    await outage.heal()
    await expect(mysql).toReplicate()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'before' })
    await expect(clients).toHaveBeenRefusedIn(others, { phase: 'during', of: 'writes' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during', of: 'reads' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'after', of: 'reads' })
    await expect(clients).toHaveBeenAvailableIn(others, {
      phase: 'after',
      of: 'writes',
      ...BY_NAME,
    })
    await expect(hello).toBeOnEveryServer()
    await expect(mysql).toBeReadFrom([0, 1])
  },
)

scenario(
  'the zone of the replica goes dark: clients elsewhere write on, and the replica is back',
  { tags, needs, faults: ['zone-outage', 'delete-pod'], typicalSeconds: 240 },
  async ({ zones, mysql, faults, expect }) => {
    const replica = await mysql.pod(1)
    const others = zones.filter(({ name }) => name !== replica.zone)
    mysql.keepClientOutOf(replica.zone)
    const hello = await mysql.sayHello()
    const clients = await mysql.clientsInEveryZone(readers)
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const outage = await faults.zoneOutage(replica.zone)
    const meanwhile = await mysql.write(['while another zone was dark'])
    await expect(mysql).toBeReadFrom([0])
    await expect(hello).toReadBack()
    await clients.untilServed({ operations: 100, zones: others })

    await outage.heal()
    // What the replica had of its relay log in memory is gone: then an operator clones it anew.
    await mysql.mendReplica(replica)
    await expect(mysql).toReplicate()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'before' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during', of: 'writes' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'after' })
    await expect(hello).toBeOnEveryServer()
    await expect(meanwhile).toBeOnEveryServer()
    await expect(mysql).toBeReadFrom([0, 1])
  },
)
