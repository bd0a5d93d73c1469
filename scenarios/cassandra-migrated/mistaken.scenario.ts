import { mistakes, scenario } from '../../fixtures/index.ts'

/** What goes wrong, and who says so, when nobody asked `zonefall migrate check` before. */
const needs = { zones: 3, capabilities: ['exec', 'ec2', 'launch-legacy'] } as const
const tags = ['cassandra', 'ec2', 'migration']
const SMALL = { megabytes: 8 }

scenario(
  'on copies of another rack Cassandra refuses to start, and its log says why',
  { tags, needs, typicalSeconds: 180 },
  async ({ migration, cassandra, expect }) => {
    const legacy = await migration.legacyCluster(SMALL)
    const migrated = await migration.migrate(legacy, {
      manifests: mistakes.setting('CASSANDRA_RACK', 'Rack1'),
    })
    await expect(migrated).toBeRefusedByTheDatabase(cassandra, {
      mistake: 'another rack',
      saying:
        /Cannot start node if snitch's rack \(Rack1\) differs from previous rack \(rack-legacy\)/,
    })
  },
)

scenario(
  'on copies of another cluster Cassandra refuses to start, and its log says why',
  { tags, needs, typicalSeconds: 120 },
  async ({ migration, cassandra, expect }) => {
    const legacy = await migration.legacyCluster(SMALL)
    const migrated = await migration.migrate(legacy, {
      manifests: mistakes.setting('CASSANDRA_CLUSTER_NAME', 'K8Demo'),
    })
    await expect(migrated).toBeRefusedByTheDatabase(cassandra, {
      mistake: 'another cluster name',
      saying: /Saved cluster name legacy != configured name K8Demo/,
    })
  },
)

scenario(
  'a StatefulSet whose template has another name makes empty volumes and looks healthy, but has no row',
  { tags, needs, typicalSeconds: 300 },
  async ({ migration, cassandra, expect }) => {
    const legacy = await migration.legacyCluster(SMALL)
    const migrated = await migration.migrate(legacy, {
      manifests: mistakes.templateNamedAndProvisioned('data'),
    })
    const mistake = 'a template of another name'
    await expect(cassandra).toBeUpAndNormal()
    await expect(migrated).toBeRefuted((one) => expect(one).toHaveTheSameRows(cassandra), {
      mistake,
      saying: new RegExp(
        [0, 1, 2].map((n) => `cassandra-${n} has none of the ${legacy.rows} rows`).join('.*'),
      ),
    })
    await expect(migrated).toBeRefuted((one) => expect(one).toUseTheCopiesAlone(cassandra), {
      mistake,
      saying:
        /cassandra-data-cassandra-0 is bound to nothing, .* vol-\w+ was made beside the copies/,
    })
    await expect(migrated).toBeRefuted((one) => expect(one).toBeTheSameCluster(cassandra), {
      mistake,
      saying: /cassandra-0 has hostId [-0-9a-f]+, not [-0-9a-f]+\. cassandra-0 has other tokens/,
    })
    await expect(migrated).toHaveLeftTheSourceAlone()
  },
)

scenario(
  'with two copies swapped the ring is up and has all rows, but its nodes are not who they were',
  { tags, needs, typicalSeconds: 300 },
  async ({ migration, cassandra, expect }) => {
    const legacy = await migration.legacyCluster(SMALL)
    const migrated = await migration.migrate(legacy, { objects: mistakes.swapped })
    const [first, second] = legacy.machines.map(({ instanceId }) => instanceId)
    const mistake = 'ordinals swapped'
    await expect(cassandra).toBeUpAndNormal()
    await expect(migrated).toHaveTheSameRows(cassandra)
    await expect(migrated).toBeRefuted((one) => expect(one).toBeTheSameCluster(cassandra), {
      mistake,
      saying: new RegExp(
        `cassandra-0 is the node of ${second}, which cassandra-1 was to become: .* cassandra-1 is the node of ${first}, which cassandra-0`,
      ),
    })
    await expect(migrated).toBeRefuted((one) => expect(one).toUseTheCopiesAlone(cassandra), {
      mistake,
      saying: /-cassandra-data-cassandra-0 is vol-\w+, not vol-/,
    })
    await expect(migrated).toHaveLeftTheSourceAlone()
  },
)
