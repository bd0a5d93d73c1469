import { scenario } from '../../fixtures/index.ts'

/** The database's process fails and its machine does not. */
const needs = { zones: 3, capabilities: ['exec'] } as const

scenario(
  'a database that is killed is started again where it was, and nothing acknowledged is lost',
  { tags: ['cassandra', 'process'], needs, faults: ['kill-process'], typicalSeconds: 150 },
  async ({ zones, cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(1)
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })
    const kill = await faults.killProcess(victim)
    await kill.heal()
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'after' })
    await expect(regions).toBeOnEveryReplica()
  },
)

scenario(
  'a database that hangs is seen down, and clients are served by the others',
  { tags: ['cassandra', 'process'], needs, faults: ['pause-process'], typicalSeconds: 150 },
  async ({ zones, cassandra, faults, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const victim = await cassandra.pod(2)
    const others = zones.filter(({ name }) => name !== victim.zone)
    const clients = await cassandra.clientsInEveryZone({ workload: 'set' })
    await clients.start()
    await clients.untilServed({ operations: 100 })
    const pause = await faults.pauseProcess(victim)
    await expect(cassandra).toSeeDown(victim)
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    await clients.untilServed({ operations: 200, zones: others })
    await pause.heal()
    await expect(cassandra).toBeUpAndNormal()
    await clients.untilServed({ operations: 100 })
    await clients.stop()
    await expect(clients).toHaveLostNothing()
    await expect(clients).toHaveBeenAvailableIn(zones, { phase: 'during' })
    await expect(regions).toBeOnEveryReplica()
  },
)
