import { scenario } from '../../fixtures/index.ts'

const needs = { zones: 2, capabilities: ['exec', 'ec2'] } as const
const tags = ['mysql', 'ec2', 'zone'] as const

/** Of manifests/mysql-semisync: for so long a commit waits for a replica that is away. */
const WAITS_MS = 10_000
/** A client gives an operation up after 5 s, and one more may wait at the end. */
const LATER_MS = 6_000
/** The fault begins when its call has returned, and the power may have gone before. */
const EARLIER_MS = 2_000

scenario(
  'the zone of the replica goes dark: commits stall, then go on unprotected until it is back',
  { tags, needs, faults: ['zone-outage'], typicalSeconds: 240 },
  async ({ zones, mysql, faults, expect }) => {
    const [primary, replica] = [await mysql.pod(0), await mysql.pod(1)]
    const others = zones.filter(({ name }) => name !== replica.zone)
    mysql.keepClientOutOf(replica.zone)
    const hello = await mysql.sayHello()
    const protection = await mysql.watchProtection(primary)
    const clients = await mysql.clientsInEveryZone({ workload: 'set', readShare: 0.2 })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const outage = await faults.zoneOutage(replica.zone)
    const meanwhile = await mysql.write(['unprotected'])
    await clients.untilServed({ operations: 100, zones: others })
    await expect(protection).toHaveLapsed()

    await outage.heal()
    await expect(mysql).toReplicate()
    await expect(protection).toHoldAgain()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveStalledIn(others, {
      phase: 'during',
      of: 'writes',
      minMs: WAITS_MS - EARLIER_MS,
      maxMs: WAITS_MS + LATER_MS,
    })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'after' })
    await expect(hello).toBeOnEveryServer()
    await expect(meanwhile).toBeOnEveryServer()
  },
)

/**
 * A commit that waits for its replica is in the primary's log already. Nobody was promised it, and
 * the replica that is promoted never had it; but a primary that comes back with its volume does.
 */
scenario(
  'an old primary that comes back has a transaction that nobody was promised, and it is named',
  { tags: [...tags, 'durability'], needs, faults: ['zone-outage'], typicalSeconds: 180 },
  async ({ mysql, faults, expect }) => {
    const [primary, replica] = [await mysql.pod(0), await mysql.pod(1)]
    mysql.keepClientOutOf(primary.zone)
    const hello = await mysql.sayHello()
    await expect(hello).toBeOnEveryServer()

    const promised = 'nobody was promised this'
    await mysql.holdBack(replica)
    const write = await mysql.beginToWrite(promised, primary)
    const outage = await faults.zoneOutage(primary.zone)
    await expect(mysql).toHaveLeftOpen(write)
    await mysql.promote(replica)
    const after = await mysql.write(['to the promoted replica'])

    await outage.heal()
    await expect(mysql).toHaveErrantTransactionsOn(primary, {
      missingOn: replica,
      rows: [promised],
    })
    await expect(hello).toBeOn(replica)
    await expect(after).toBeOn(replica)
  },
)
