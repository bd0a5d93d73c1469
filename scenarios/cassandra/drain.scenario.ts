import { scenario } from '../../fixtures/index.ts'

scenario(
  'a disruption budget lets one zone be drained and refuses the second',
  {
    tags: ['cassandra', 'scheduling'],
    needs: { zones: 3, capabilities: ['exec'] },
    faults: ['drain-zone'],
    typicalSeconds: 200,
  },
  async ({ cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const [first, second] = [await cassandra.pod(1), await cassandra.pod(2)]
    await cassandra.limitDisruption({ minAvailable: 2 })
    await first.watch()
    const drained = await faults.drainZone(first.zone)
    expect(drained).toHaveEvicted(first)
    await expect(first).toStayPending({ reasons: drained.expectedReasons, holdSeconds: 20 })
    const refused = await faults.drainZone(second.zone, { giveUpMs: 15_000 })
    expect(refused).toHaveBeenRefusedFor(second)
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    await refused.heal()
    await drained.heal()
    await expect(first).toReturn({ sameName: true, sameVolume: true, sameHostId: true })
    await expect(cassandra).toBeUpAndNormal()
    await expect(regions).toBeOnEveryReplica()
  },
)
