import { scenario } from '../../fixtures/index.ts'

/** Why `zonefall migrate` refuses to start pods beside a legacy ring that serves. */
scenario(
  'pods that start from copies of a ring that still serves take its place in it, and its clients are served on',
  {
    tags: ['cassandra', 'ec2', 'migration'],
    needs: { zones: 3, capabilities: ['exec', 'ec2', 'launch-legacy'] },
    typicalSeconds: 180,
  },
  async ({ migration, cassandra, expect }) => {
    const legacy = await migration.legacyCluster({ megabytes: 8 })
    const clients = await legacy.clients()
    await clients.untilAcknowledged(50)
    const migrated = await migration.migrate(legacy, { drained: false })
    await expect(cassandra).toBeUpAndNormal()
    // They ask the legacy machines, and nothing tells them who answers there.
    await clients.untilAcknowledged(50)
    await clients.stop()
    await expect(migrated).toBeRefuted((one) => expect(one).toHaveLeftTheSourceAlone(), {
      mistake: 'the legacy ring still served',
      saying: new RegExp(
        legacy.machines
          .map(({ instanceId }) => `${instanceId} has [\\d., ]+ in its ring, which are pods`)
          .join('.*'),
      ),
    })
  },
)
