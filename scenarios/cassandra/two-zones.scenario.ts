import { scenario } from '../../fixtures/index.ts'

/**
 * More zones than QUORUM can miss. With the commit log synced every 10 s, Cassandra's default, rows
 * that two replicas had acknowledged and not yet synced are gone: how many is measured, not judged.
 */
const needs = { zones: 3, capabilities: ['exec', 'ec2'] } as const
const tags = ['cassandra', 'ec2', 'zone', 'durability'] as const

scenario(
  'with two zones dark QUORUM is refused and ONE still serves',
  { tags, needs, faults: ['two-zone-outage'], typicalSeconds: 260 },
  async ({ cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const [first, second] = [await cassandra.pod(1), await cassandra.pod(2)]
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 150 })

    const outage = await faults.outageOfSeveral([first.zone, second.zone])
    await expect(regions).toBeRefusedAt('QUORUM')
    await expect(regions).toReadBack({ consistency: 'ONE' })

    await outage.heal()
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveTheirLossMeasured()
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
  },
)

scenario(
  'all zones go dark at once and come back: what was lost of what was acknowledged is measured',
  { tags, tier: 'full', needs, faults: ['two-zone-outage'], typicalSeconds: 260 },
  async ({ zones, cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 150 })
    const outage = await faults.outageOfSeveral(zones.map(({ name }) => name))
    await outage.heal()
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveTheirLossMeasured()
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
  },
)
