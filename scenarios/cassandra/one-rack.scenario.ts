import { scenario } from '../../fixtures/index.ts'

/**
 * The tutorial has one rack and SimpleStrategy, so where a key's three copies are is chance. With
 * three pods that doesn't show; with six, two in a zone, some keys have two copies there.
 * scenarios/cassandra-zone-aware/zone-outage.scenario.ts is the same outage with zones as racks.
 */
scenario(
  'with one rack and two pods in each zone a dark zone takes their quorum from the keys that the ring names, and from no other',
  {
    tags: ['cassandra', 'zone-aware', 'ec2', 'zone'],
    needs: { zones: 3, capabilities: ['exec', 'ec2'] },
    faults: ['zone-outage'],
    typicalSeconds: 420,
  },
  async ({ zones, cassandra, faults, expect }) => {
    await cassandra.scaleTo(6)
    await expect(cassandra).toHaveItsVolumesWherePredicted()
    await expect(cassandra).toHaveAsManyPodsInEachOf(zones)
    await expect(cassandra).toBeUpAndNormal()
    const keys = await cassandra.writeKeys()
    const { zone } = await cassandra.pod(0)
    const victims = (await cassandra.pods()).filter((pod) => pod.zone === zone)
    const others = zones.filter(({ name }) => name !== zone)
    const clients = await cassandra.clientsInEveryZone({ workload: 'availability' })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const outage = await faults.zoneOutage(zone)
    await expect(cassandra).toSeeDown(...victims)
    await expect(keys).toLoseTheirQuorumAsForecastWithout(zone)

    await outage.heal()
    await expect(cassandra).toBeUpAndNormal()
    await expect(keys).toReadBack()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'before' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'after' })
  },
)
