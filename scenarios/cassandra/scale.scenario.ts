import { scenario } from '../../fixtures/index.ts'

/**
 * The documents call it easy. What it takes: the fourth pod's volume shares a zone with the first's,
 * because the provisioner goes round the zones; a node must be decommissioned before its pod goes,
 * or the ring waits for it for ever; and its claim stays, with its volume.
 */
scenario(
  'a fourth node joins in the zone predicted, and leaves its claim behind when it goes',
  {
    tags: ['cassandra', 'seed', 'scale'],
    needs: { zones: 3, capabilities: ['exec'] },
    typicalSeconds: 300,
  },
  async ({ cassandra, expect }) => {
    const regions = await cassandra.writeAwsRegions({ consistency: 'QUORUM' })
    await cassandra.scaleTo(4)
    const fourth = await cassandra.pod(3)
    await expect(fourth).toHaveItsVolumeWherePredicted()
    await expect(cassandra).toRunWhereItsVolumesAre()
    await expect(cassandra).toBeUpAndNormal()
    await expect(regions).toReadBack({ consistency: 'ALL' })

    await cassandra.decommission(fourth)
    await cassandra.scaleTo(3)
    await expect(cassandra).toBeUpAndNormal()
    await expect(fourth).toHaveLeftItsClaimBehind()
    await expect(regions).toBeOnEveryReplica()
  },
)
