import { scenario } from '../../fixtures/index.ts'

scenario(
  'deleting the StatefulSet and then its claims leaves nothing behind',
  { tags: ['cassandra', 'seed', 'cleanup'], needs: { zones: 3 }, typicalSeconds: 130 },
  async ({ cassandra, expect }) => {
    const volumes = await cassandra.volumes()
    await cassandra.deleteStatefulSet()
    await cassandra.deleteClaims(volumes)
    await expect(volumes).toBeGone()
    await cassandra.deleteTheRest()
    await expect(volumes).toBeAllThatWasLeft()
  },
)
