import { scenario } from '../../fixtures/index.ts'

scenario(
  'a zone goes dark: clients elsewhere go on at QUORUM, and nothing that was acknowledged is lost',
  {
    tags: ['cassandra', 'ec2', 'zone'],
    needs: { zones: 3, capabilities: ['exec', 'ec2'] },
    faults: ['zone-outage'],
    typicalSeconds: 240,
  },
  async ({ zones, cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(0)
    const others = zones.filter(({ name }) => name !== victim.zone)
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const outage = await faults.zoneOutage(victim.zone)
    await expect(cassandra).toSeeDown(victim)
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    const later = await cassandra.write(
      [{ regioncode: 'ap-east-1', city: 'Hong Kong', country: 'China' }],
      { consistency: 'QUORUM' },
    )
    await clients.untilServed({ operations: 200, zones: others })

    await outage.heal()
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'before' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'after' })
    // What a replica acknowledged and had not synced is gone with its power: an operator repairs it.
    await cassandra.repair(victim)
    await expect(regions).toBeOnEveryReplica()
    await expect(later).toBeOnEveryReplica()
  },
)
