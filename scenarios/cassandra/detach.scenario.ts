import { scenario } from '../../fixtures/index.ts'

/**
 * A volume that is taken away under a running database. Nitro instances let go of it at once, plain
 * or forced. Xen ones keep it `busy`, and the database goes on, until it is taken by force. The
 * report says which it was.
 */
for (const { force, how } of [
  { force: false, how: 'detached' },
  { force: true, how: 'detached by force' },
]) {
  scenario(
    `a volume that is ${how} under its database costs no acknowledged write, and is mended`,
    {
      tags: ['cassandra', 'ec2', 'volume'],
      needs: { zones: 3, capabilities: ['exec', 'ec2'] },
      faults: ['detach-volume'],
      typicalSeconds: 240,
    },
    async ({ zones, cassandra, faults, expect }) => {
      const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
      const victim = await cassandra.pod(1)
      const others = zones.filter(({ name }) => name !== victim.zone)
      await victim.watch()
      const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
      await clients.start()
      await clients.untilServed({ operations: 100 })

      const detached = await faults.detachVolume(victim, { force })
      const isBusy = detached.observation.data['attachment'] === 'busy'
      if (isBusy) await clients.untilServed({ operations: 50 })
      const torn = isBusy ? await faults.detachVolume(victim, { force: true }) : detached
      await expect(regions).toReadBack({ consistency: 'QUORUM' })
      await clients.untilServed({ operations: 200, zones: others })

      await torn.heal()
      if (isBusy) await detached.heal()
      await expect(victim).toReturn({ sameName: true, sameVolume: true, sameHostId: true })
      await expect(cassandra).toBeUpAndNormal()
      await cassandra.repair(victim)
      await clients.untilServed({ operations: 100 })
      await clients.stop()
      await expect(clients).toHaveLostNothing()
      await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during' })
      await expect(regions).toBeOnEveryReplica()
    },
  )
}
