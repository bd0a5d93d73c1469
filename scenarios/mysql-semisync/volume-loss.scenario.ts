import { scenario } from '../../fixtures/index.ts'

/**
 * As with the workshop's MySQL, but that a commit waits for the replica. That it has a row is no
 * fsync: it holds as long as not both are lost at once.
 */
scenario(
  'when the primary’s volume is lost the promoted replica has every acknowledged row',
  {
    tags: ['mysql', 'durability'],
    needs: { zones: 2, capabilities: ['exec'] },
    faults: ['pause-process', 'delete-pod'],
    typicalSeconds: 120,
  },
  async ({ mysql, expect }) => {
    const writesTo = await mysql.primaryService()
    const hello = await mysql.sayHello()
    const [primary, replica] = [await mysql.pod(0), await mysql.pod(1)]
    const protection = await mysql.watchProtection(primary)
    const clients = await mysql.clientsInEveryZone({ workload: 'set', writesTo })
    await clients.start()
    await clients.untilServed({ operations: 100 })
    const rows = await mysql.write(Array.from({ length: 20 }, (_, i) => `protected ${i}`))

    const loss = await mysql.loseVolume(primary)
    await mysql.promote(replica)
    const after = await mysql.write(['to the promoted replica'])
    clients.markRecovered()
    await clients.untilServed({ operations: 100 })

    await clients.stop()
    await expect(protection).toHaveHeldUntil(loss)
    await expect(clients).toHaveLostNothing()
    await expect(hello).toBeOn(replica)
    await expect(rows).toBeOn(replica)
    await expect(after).toBeOn(replica)
  },
)
