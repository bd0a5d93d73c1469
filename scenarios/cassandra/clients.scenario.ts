import { scenario } from '../../fixtures/index.ts'

scenario(
  'clients in every zone lose nothing while a pod is deleted and comes back',
  {
    tags: ['cassandra', 'clients'],
    needs: { zones: 3 },
    faults: ['delete-pod'],
    typicalSeconds: 150,
  },
  async ({ zones, cassandra, expect }) => {
    const clients = await cassandra.clientsInEveryZone({ workload: 'set', ratePerSecond: 20 })
    await clients.start()
    await clients.untilServed({ operations: 100 })
    const victim = await cassandra.pod(1)
    await victim.delete()
    await expect(victim).toReturn({ sameVolume: true, sameName: true })
    clients.markRecovered()
    await clients.untilServed({ operations: 200 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'before' })
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'during' })
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'after' })
  },
)
