import { scenario } from '../../fixtures/index.ts'

/**
 * The primary's volume is lost for good, and somebody promotes the replica: the tutorial has no
 * fail-over. Replication is asynchronous, so what the replica had not got is gone, although it was
 * acknowledged; how much is measured, not judged, for it has no bound.
 */
scenario(
  'when the primary’s volume is lost a promoted replica serves what it had got, and the rest is gone',
  {
    tags: ['mysql', 'durability'],
    needs: { zones: 2, capabilities: ['exec'] },
    faults: ['pause-process', 'delete-pod'],
    typicalSeconds: 120,
  },
  async ({ mysql, expect }) => {
    const writesTo = await mysql.primaryService()
    const hello = await mysql.sayHello()
    const kept = await mysql.write(Array.from({ length: 20 }, (_, i) => `replicated ${i}`))
    await expect(kept).toBeOnEveryServer()
    const [primary, replica] = [await mysql.pod(0), await mysql.pod(1)]
    const clients = await mysql.clientsInEveryZone({ workload: 'set', writesTo })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    await mysql.holdBack(replica)
    const late = await mysql.write(Array.from({ length: 20 }, (_, i) => `not replicated ${i}`))
    await clients.untilServed({ operations: 60 })
    await mysql.loseVolume(primary)
    await mysql.promote(replica)
    const after = await mysql.write(['to the promoted replica'])
    clients.markRecovered()
    await clients.untilServed({ operations: 100 })

    await clients.stop()
    await expect(clients).toHaveTheirLossMeasured()
    await expect(late).toHaveTheirLossMeasuredOn(replica)
    await expect(hello).toBeOn(replica)
    await expect(kept).toBeOn(replica)
    await expect(after).toBeOn(replica)
    // Nobody told the StatefulSet: a server without a row is back under the primary's name.
    await expect(primary).toReturn({ sameName: true })
    await expect(mysql).toHaveNothingOn(primary)
  },
)
