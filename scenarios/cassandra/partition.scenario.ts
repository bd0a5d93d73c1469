import { scenario } from '../../fixtures/index.ts'

const needs = { zones: 3, capabilities: ['exec', 'ec2', 'nacl'] } as const

scenario(
  'a zone that is cut off is refused QUORUM, the others are not, and afterwards all replicas are equal',
  {
    tags: ['cassandra', 'ec2', 'network'],
    needs,
    faults: ['zone-partition'],
    typicalSeconds: 240,
  },
  async ({ zones, cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(2)
    const others = zones.filter(({ name }) => name !== victim.zone)
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const partition = await faults.partitionZone(victim.zone)
    await expect(cassandra).toSeeDown(victim)
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    const later = await cassandra.write(
      [{ regioncode: 'ap-east-1', city: 'Hong Kong', country: 'China' }],
      { consistency: 'QUORUM' },
    )
    await clients.untilServed({ operations: 200, zones: others })

    await partition.heal()
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await expect(clients).toBeOnEveryReplica({ repairFrom: victim })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during' })
    await expect(clients).toHaveBeenRefusedIn([victim.zone], { phase: 'during' })
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'after' })
    await expect(regions).toBeOnEveryReplica()
    await expect(later).toBeOnEveryReplica()
  },
)

scenario(
  'what a zone that was cut off missed, and nobody kept for it, a repair brings',
  {
    tags: ['cassandra', 'ec2', 'network'],
    needs,
    faults: ['zone-partition'],
    typicalSeconds: 240,
  },
  async ({ zones, cassandra, faults, expect }) => {
    const victim = await cassandra.pod(2)
    const others = zones.filter(({ name }) => name !== victim.zone)
    await cassandra.keepNoHints()
    // Clients that read would mend what the repair is to mend.
    const clients = await cassandra.clientsInEveryZone({ workload: 'set', readShare: 0 })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const partition = await faults.partitionZone(victim.zone)
    await expect(cassandra).toSeeDown(victim)
    await clients.untilServed({ operations: 200, zones: others })
    await partition.heal()
    await expect(cassandra).toBeUpAndNormal()

    await expect(clients).toBeOnEveryReplica({ repairFrom: victim, needsRepair: true })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
  },
)
