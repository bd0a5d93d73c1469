import { labelledVolumes, scenario, selectingClaims } from '../../fixtures/index.ts'

/** A Cassandra on machines of EC2 that is taken into Kubernetes by copies of its volumes. */
const needs = { zones: 3, capabilities: ['exec', 'ec2', 'legacy'] } as const
const tags = ['cassandra', 'ec2', 'migration']

scenario(
  'a StatefulSet takes over the copies of a legacy ring’s volumes: the same cluster, nodes, tokens and rows, at other addresses',
  { tags: [...tags, 'zone'], needs, faults: ['zone-outage'], typicalSeconds: 480 },
  async ({ zones, migration, cassandra, faults, expect }) => {
    const legacy = await migration.legacyCluster()
    const clients = await legacy.clients()
    await clients.untilAcknowledged(100)
    // The first copy goes to the second zone, and so on: a snapshot can be had in every zone.
    const others = zones.map((_, index) => zones[(index + 1) % zones.length]?.name ?? '')
    const migrated = await migration.migrate(legacy, { zones: others })
    await clients.stop()

    await expect(cassandra).toBeUpAndNormal()
    await expect(cassandra).toRunWhereItsVolumesAre()
    await expect(migrated).toBeTheSameCluster(cassandra)
    await expect(migrated).toUseTheCopiesAlone(cassandra)
    await expect(migrated).toHaveTheSameRows(cassandra)
    await expect(migrated).toHaveAcknowledgedWritesOf(clients, cassandra)

    const victim = await cassandra.pod(2)
    const outage = await faults.zoneOutage(victim.zone)
    await expect(cassandra).toSeeDown(victim)
    await expect(migrated).toHaveAcknowledgedWritesOf(clients, cassandra)
    await outage.heal()
    await expect(cassandra).toBeUpAndNormal()
    await expect(migrated).toHaveTheSameRows(cassandra)
    await expect(migrated).toHaveLeftTheSourceAlone()
  },
)

scenario(
  'claims that a StatefulSet makes of a template with a selector find the labelled copies, in the in-tree form as well',
  { tags, needs, typicalSeconds: 360 },
  async ({ migration, cassandra, expect }) => {
    const legacy = await migration.legacyCluster()
    const migrated = await migration.migrate(legacy, {
      form: 'in-tree',
      objects: labelledVolumes,
      manifests: selectingClaims,
    })

    await expect(cassandra).toBeUpAndNormal()
    await expect(cassandra).toRunWhereItsVolumesAre()
    await expect(migrated).toBeTheSameCluster(cassandra)
    await expect(migrated).toUseTheCopiesAlone(cassandra)
    await expect(migrated).toHaveTheSameRows(cassandra)
    await expect(migrated).toHaveLeftTheSourceAlone()
  },
)
