import { scenario } from '../../fixtures/index.ts'

scenario(
  'a pod whose zone is cordoned waits for its volume, and the data stays readable',
  {
    tags: ['cassandra', 'seed'],
    needs: { zones: 3 },
    faults: ['cordon-zone', 'delete-pod'],
    typicalSeconds: 210,
  },
  async ({ cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(0)
    const outage = await faults.cordonZone(victim.zone)
    await victim.delete()
    await expect(victim).toStayPending({ reasons: outage.expectedReasons })
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    await outage.heal()
    await expect(victim).toReturn({ sameVolume: true, sameName: true })
    await expect(regions).toBeOnEveryReplica()
  },
)
