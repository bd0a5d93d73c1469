import { scenario } from '../../fixtures/index.ts'

/**
 * What the tutorial's manifests don't promise with more pods than zones: see
 * scenarios/cassandra/one-rack.scenario.ts, which counts what the same outage costs there.
 */
scenario(
  'each zone is a rack with two pods, and whichever goes dark, each key has a quorum elsewhere',
  {
    tags: ['cassandra', 'zone-aware', 'placement'],
    needs: { zones: 3, capabilities: ['exec'] },
    typicalSeconds: 240,
  },
  async ({ zones, cassandra, expect }) => {
    await expect(cassandra).toHaveItsVolumesWherePredicted()
    await expect(cassandra).toRunWhereItsVolumesAre()
    await expect(cassandra).toHaveAsManyPodsInEachOf(zones)
    await expect(cassandra).toHaveItsZonesAsRacks()
    const keys = await cassandra.writeKeys()
    await expect(keys).toHaveAQuorumWithoutAnyOf(zones)
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    await expect(regions).toHaveAReplicaInEachOf(zones)
  },
)

scenario(
  'a zone that takes two pods with it leaves every key its quorum',
  {
    tags: ['cassandra', 'zone-aware', 'ec2', 'zone'],
    needs: { zones: 3, capabilities: ['exec', 'ec2'] },
    faults: ['zone-outage'],
    typicalSeconds: 240,
  },
  async ({ zones, cassandra, faults, expect }) => {
    const keys = await cassandra.writeKeys()
    const { zone } = await cassandra.pod(0)
    const victims = (await cassandra.pods()).filter((pod) => pod.zone === zone)
    const others = zones.filter(({ name }) => name !== zone)
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const outage = await faults.zoneOutage(zone)
    await expect(cassandra).toSeeDown(...victims)
    await expect(keys).toAllBeServedWithout(zone)
    await clients.untilServed({ operations: 200, zones: others })

    await outage.heal()
    await expect(cassandra).toBeUpAndNormal()
    await expect(keys).toReadBack()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'before' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'after' })
  },
)
