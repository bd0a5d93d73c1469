import { scenario } from '../../fixtures/index.ts'

/** The way back from a migration, for as long as the legacy machines are there. */
const needs = { zones: 3, capabilities: ['exec', 'ec2', 'legacy'] } as const

scenario(
  'a legacy ring that was drained and copied, and taken over by nobody, starts again on its own volumes with all its rows',
  { tags: ['cassandra', 'ec2', 'migration'], needs, typicalSeconds: 80 },
  async ({ migration, expect }) => {
    const legacy = await migration.legacyCluster({ megabytes: 8 })
    const migrated = await migration.migrate(legacy)
    const rolledBack = await migration.rollBack(migrated)

    await expect(rolledBack).toBeTheSameRing()
    await expect(rolledBack).toHaveTheSameRows()
    await expect(rolledBack).toTakeWrites()
  },
)
