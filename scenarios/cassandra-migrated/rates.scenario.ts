import { scenario } from '../../fixtures/index.ts'

/** How long it takes to bring a legacy ring's rows into Kubernetes, by loading and by adoption. */
const needs = { zones: 3, capabilities: ['exec', 'ec2', 'launch-legacy'] } as const

scenario(
  'rows get into Kubernetes sooner by adopting their volumes than by loading them in any way, and are all there either way',
  { tier: 'full', tags: ['cassandra', 'ec2', 'migration'], needs, typicalSeconds: 300 },
  async ({ migration, cassandra, expect }) => {
    const legacy = await migration.legacyCluster({ megabytes: 48 })
    const transfers = await migration.transfers(legacy)

    // First, for the others need a ring to load into.
    const migrated = await transfers.adopt(() => migration.migrate(legacy))
    await expect(migrated).toHaveTheSameRows(cassandra)

    for (const way of ['network', 'https', 'volume', 'snapshot'] as const) {
      await transfers.load(way)
      await expect(transfers).toHaveLoadedEveryRow(way)
    }

    // Who reported the rate names no size, but that it would take months: two are 5 TB.
    const reported = { who: 'as reported of EC2, in every way to load', megabytesPerSecond: 1 }
    await expect(transfers).toFavourAdoption({ gigabytes: 5000, reported })
  },
)
