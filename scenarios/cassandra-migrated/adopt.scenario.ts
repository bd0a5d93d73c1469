import { scenario } from '../../fixtures/index.ts'

/** A Cassandra on machines of EC2 that is taken into Kubernetes by copies of its volumes. */
const needs = { zones: 3, capabilities: ['exec', 'ec2', 'legacy'] } as const

scenario(
  'a StatefulSet takes over the copies of a legacy ring’s volumes: the same cluster, nodes, tokens and rows, at other addresses',
  { tags: ['cassandra', 'ec2', 'migration'], needs, typicalSeconds: 300 },
  async ({ zones, migration, cassandra, expect }) => {
    const legacy = await migration.legacyCluster()
    // The first copy goes to the second zone, and so on: a snapshot can be had in every zone.
    const others = zones.map((_, index) => zones[(index + 1) % zones.length]?.name ?? '')
    const migrated = await migration.migrate(legacy, { zones: others })

    await expect(cassandra).toBeUpAndNormal()
    await expect(cassandra).toRunWhereItsVolumesAre()
    await expect(migrated).toBeTheSameCluster(cassandra)
    await expect(migrated).toUseTheCopiesAlone(cassandra)
    await expect(migrated).toHaveTheSameRows(cassandra)
    await expect(migrated).toHaveLeftTheSourceAlone()
  },
)
