import { scenario } from '../../fixtures/index.ts'

scenario(
  'clients in every zone lose nothing while a replica is deleted and comes back',
  {
    tags: ['mysql', 'clients'],
    needs: { zones: 2, capabilities: ['exec'] },
    faults: ['delete-pod'],
    typicalSeconds: 100,
  },
  async ({ zones, mysql, expect }) => {
    const clients = await mysql.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })
    const replica = await mysql.pod(1)
    await replica.delete()
    await expect(replica).toReturn({ sameVolume: true, sameName: true })
    await expect(mysql).toReplicate()
    clients.markRecovered()
    await clients.untilServed({ operations: 200 })
    await expect(clients).toBeOnEveryReplica()
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'before' })
    // What replicas answer to reads would hide that nobody can write.
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'during', of: 'writes' })
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'during' })
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'after' })
  },
)

scenario(
  'transfers between accounts in every zone lose no money while the primary is killed and comes back',
  {
    tags: ['mysql', 'clients'],
    needs: { zones: 2, capabilities: ['exec'] },
    faults: ['kill-process'],
    typicalSeconds: 100,
  },
  async ({ zones, mysql, faults, expect }) => {
    const clients = await mysql.clientsInEveryZone({ workload: 'bank' })
    await clients.start()
    await clients.untilServed({ operations: 100 })
    const primary = await mysql.pod(0)
    const kill = await faults.killProcess(primary)
    await kill.heal()
    await expect(mysql).toReplicate()
    // Served again is when its name leads somewhere again, which takes a name server's cache.
    await clients.untilServed({ operations: 20 })
    clients.markRecovered()
    await clients.untilServed({ operations: 200 })
    await clients.stop()
    await expect(clients).toHaveKeptTheirMoney()
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'before' })
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'after' })
  },
)
