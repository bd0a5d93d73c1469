import { scenario } from '../../fixtures/index.ts'

/**
 * The Cassandra of the tutorial through its fail-over test: one deployment, brought up once. Each
 * scenario begins by proving steady state, so each also runs alone, and in any order.
 */
const needs = { zones: 3, capabilities: ['exec'] } as const

scenario(
  "each volume is made where its claim's name says, and each pod runs there",
  { tags: ['cassandra', 'seed', 'placement'], tier: 'smoke', needs, typicalSeconds: 95 },
  async ({ cassandra, expect }) => {
    await expect(cassandra).toHaveItsVolumesWherePredicted()
    await expect(cassandra).toRunWhereItsVolumesAre()
    await expect(cassandra).toBeUpAndNormal()
  },
)

scenario(
  'each row has a replica in each zone, and each of them serves it by itself',
  { tags: ['cassandra', 'seed', 'placement'], tier: 'smoke', needs, typicalSeconds: 15 },
  async ({ zones, cassandra, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    await expect(regions).toReadBack({ consistency: 'QUORUM' })
    await expect(regions).toHaveAReplicaInEachOf(zones)
  },
)

/** All three go through the same; only the first is held Pending for as long as the tutorial waits. */
const RETURNS = [
  {
    ordinal: 0,
    claim: 'a pod whose zone is cordoned waits, and comes back as who it was, with all rows',
    hold: {},
    typicalSeconds: 130,
  },
  ...[1, 2].map((ordinal) => ({
    ordinal,
    claim: `cassandra-${ordinal} comes back as who it was when its zone opens again`,
    hold: { holdSeconds: 5 },
    typicalSeconds: 75,
  })),
]

for (const { ordinal, claim, hold, typicalSeconds } of RETURNS) {
  scenario(
    claim,
    {
      tags: ['cassandra', 'seed', 'identity'],
      tier: 'smoke',
      needs,
      faults: ['cordon-zone', 'delete-pod'],
      typicalSeconds,
    },
    async ({ cassandra, faults, expect }) => {
      const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
      await expect(regions).toReadBack({ consistency: 'QUORUM' })
      const replicas = await regions.replicas()
      const victim = await cassandra.pod(ordinal)

      const outage = await faults.cordonZone(victim.zone)
      await victim.delete()
      let later = regions
      await expect(victim).toStayPending({
        ...hold,
        reasons: outage.expectedReasons,
        meanwhile: async () => {
          await expect(cassandra).toSeeDown(victim)
          await expect(regions).toReadBack({ consistency: 'QUORUM' })
          later = await cassandra.write(
            [{ regioncode: 'ap-east-1', city: 'Hong Kong', country: 'China' }],
            { consistency: 'QUORUM' },
          )
          await expect(later).toReadBack({ consistency: 'QUORUM' })
          await expect(regions).toBeRefusedAt('ALL')
        },
      })

      await outage.heal()
      await expect(victim).toReturn({
        sameName: true,
        sameVolume: true,
        sameHostId: true,
        newAddress: true,
      })
      await expect(victim).toBeKnownByName()
      await expect(cassandra).toBeUpAndNormal()
      await expect(regions).toBeOnEveryReplica()
      await expect(later).toBeOnEveryReplica()
      await expect(regions).toHaveTheReplicas(replicas)
    },
  )
}

scenario(
  'all pods deleted at once come back as who they were, with all rows',
  {
    tags: ['cassandra', 'seed', 'identity'],
    tier: 'smoke',
    needs,
    faults: ['delete-pod'],
    typicalSeconds: 110,
  },
  async ({ cassandra, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    const replicas = await regions.replicas()
    const pods = await cassandra.pods()
    await cassandra.deleteAtOnce(pods)
    for (const pod of pods) {
      await expect(pod).toReturn({
        sameName: true,
        sameVolume: true,
        sameHostId: true,
        newAddress: true,
      })
    }
    await expect(cassandra).toBeUpAndNormal()
    for (const pod of pods) await expect(pod).toBeKnownByName()
    await expect(regions).toBeOnEveryReplica()
    await expect(regions).toHaveTheReplicas(replicas)
  },
)

/**
 * The tutorial deletes the StatefulSet and then the persistent volumes, never the claims. That
 * deletes nothing: it is shown here, and then the way that works.
 */
scenario(
  'deleting the volumes leaves them all, deleting the claims leaves none',
  { tags: ['cassandra', 'seed', 'cleanup'], tier: 'smoke', needs, typicalSeconds: 45 },
  async ({ cassandra, expect }) => {
    const volumes = await cassandra.volumes()
    await cassandra.deleteStatefulSet()
    await cassandra.deletePersistentVolumes(volumes)
    await expect(volumes).toBeLeftBehind()

    await cassandra.deleteClaims(volumes)
    await expect(volumes).toBeGone()
    await cassandra.deleteTheRest()
    await expect(volumes).toBeAllThatWasLeft()
  },
)
