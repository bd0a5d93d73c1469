import { scenario } from '../../fixtures/index.ts'

/** Machines that are stopped in order, rebooted, terminated, or can't be had. */
const needs = { zones: 3, capabilities: ['exec', 'ec2'] } as const

scenario(
  'a machine that is stopped in order comes back with its node, its volume and all rows',
  { tags: ['cassandra', 'ec2'], needs, faults: ['stop-instance'], typicalSeconds: 200 },
  async ({ zones, cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(1)
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const stop = await faults.stopInstance(victim)
    await expect(cassandra).toSeeDown(victim)
    await expect(regions).toReadBack({ consistency: 'QUORUM' })

    await stop.heal()
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    const others = zones.filter(({ name }) => name !== victim.zone)
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during' })
    await expect(regions).toBeOnEveryReplica()
  },
)

scenario(
  'a machine that is rebooted brings its node back with all rows',
  { tags: ['cassandra', 'ec2'], needs, faults: ['reboot-instance'], typicalSeconds: 120 },
  async ({ cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(2)
    const reboot = await faults.rebootInstance(victim)
    await reboot.heal()
    await expect(cassandra).toBeUpAndNormal()
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    await expect(regions).toBeOnEveryReplica()
  },
)

scenario(
  'the volume of a terminated machine moves to the one that replaces it in the same zone, with all rows',
  {
    tags: ['cassandra', 'ec2', 'identity'],
    tier: 'full',
    needs,
    faults: ['terminate-instance'],
    typicalSeconds: 600,
  },
  async ({ zones, cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(1)
    await victim.watch()
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const end = await faults.terminateInstance(victim)
    await expect(cassandra).toSeeDown(victim)
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    await end.heal()
    await expect(victim).toReturn({ sameName: true, sameVolume: true, sameHostId: true })
    await expect(cassandra).toBeUpAndNormal()
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    const others = zones.filter(({ name }) => name !== victim.zone)
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during' })
    await expect(regions).toBeOnEveryReplica()
  },
)

scenario(
  'a machine that lost its power in a zone without capacity comes back when there is some again',
  {
    tags: ['cassandra', 'ec2', 'capacity'],
    needs: { zones: 3, capabilities: ['exec', 'ec2', 'capacity'] },
    faults: ['power-cut', 'capacity-outage'],
    typicalSeconds: 220,
  },
  async ({ cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(0)
    const cut = await faults.powerCut(victim)
    const shortage = await faults.withoutCapacity(victim.zone)
    await expect(cassandra).toSeeDown(victim)
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    await shortage.heal()
    await cut.heal()
    await expect(cassandra).toBeUpAndNormal()
    // What a replica acknowledged and had not synced is gone with its power: an operator repairs it.
    await cassandra.repair(victim)
    await expect(regions).toBeOnEveryReplica()
  },
)
