import { scenario } from '../../fixtures/index.ts'

/** Machines that lose their power: nothing is shut down, and nobody can say that a pod has ended. */
const needs = { zones: 3, capabilities: ['exec', 'ec2'] } as const

scenario(
  'a pod whose machine loses its power is held, not replaced, and comes back with its data',
  {
    tags: ['cassandra', 'ec2', 'identity'],
    tier: 'full',
    needs,
    faults: ['power-cut'],
    typicalSeconds: 600,
  },
  async ({ zones, cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(1)
    await victim.watch()
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })

    const cut = await faults.powerCut(victim)
    await expect(cassandra).toSeeDown(victim)
    await expect(victim).toBeHeld()
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    await expect(regions).toBeRefusedAt('ALL')

    await cut.heal()
    await expect(victim).toReturn({ sameName: true, sameVolume: true, sameHostId: true })
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    const others = zones.filter(({ name }) => name !== victim.zone)
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'during' })
    await expect(clients).toHaveBeenAvailableIn(others, { phase: 'after' })
    // What a replica acknowledged and had not synced is gone with its power: an operator repairs it.
    await cassandra.repair(victim)
    await expect(regions).toBeOnEveryReplica()
  },
)

scenario(
  'a node that is said to be out of service gives its volume up, and its pod waits for the zone',
  {
    tags: ['cassandra', 'ec2', 'scheduling'],
    tier: 'full',
    needs,
    faults: ['power-cut', 'out-of-service'],
    typicalSeconds: 300,
  },
  async ({ cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(2)
    await victim.watch()
    const cut = await faults.powerCut(victim)
    const taint = await faults.outOfService(victim)
    await expect(victim).toStayPending({
      reasons: taint.expectedReasons,
      meanwhile: async () => {
        await expect(cassandra).toSeeDown(victim)
        await expect(regions).toReadBack({ consistency: 'QUORUM' })
      },
    })
    // The node is NotReady until the power is back, so the pod still waits without this taint.
    await taint.heal()
    await cut.heal()
    await expect(victim).toReturn({ sameName: true, sameVolume: true, sameHostId: true })
    await expect(cassandra).toBeUpAndNormal()
    // What a replica acknowledged and had not synced is gone with its power: an operator repairs it.
    await cassandra.repair(victim)
    await expect(regions).toBeOnEveryReplica()
  },
)
