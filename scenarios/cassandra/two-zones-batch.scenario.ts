import { scenario } from '../../fixtures/index.ts'

scenario(
  'with a commit log that is synced before a write counts, two dark zones lose nothing',
  {
    tags: ['cassandra', 'ec2', 'zone', 'durability'],
    tier: 'full',
    needs: { zones: 3, capabilities: ['exec', 'ec2', 'commit-log-sync'] },
    faults: ['two-zone-outage'],
    env: { CASSANDRA_COMMITLOG_SYNC: 'batch' },
    typicalSeconds: 260,
  },
  async ({ cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const [first, second] = [await cassandra.pod(0), await cassandra.pod(1)]
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 150 })
    const outage = await faults.outageOfSeveral([first.zone, second.zone])
    await expect(regions).toBeRefusedAt('QUORUM')
    await outage.heal()
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
  },
)
