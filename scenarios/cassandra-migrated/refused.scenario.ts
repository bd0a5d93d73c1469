import { mistakes, scenario } from '../../fixtures/index.ts'

/** What `zonefall migrate check` finds of a legacy cluster that runs, before anything is touched. */
const needs = { zones: 3, capabilities: ['exec', 'ec2', 'launch-legacy'] } as const
const tags = ['cassandra', 'ec2', 'migration']
/** What is looked at is not how much there is. */
const SMALL = { megabytes: 8 }

scenario(
  'settings of the StatefulSet that its data refutes are found beforehand: cluster name, datacenter, rack, replicas, template, size, zone',
  { tags, needs, typicalSeconds: 60 },
  async ({ migration, expect }) => {
    const legacy = await migration.legacyCluster(SMALL)
    await expect(await migration.check(legacy)).toFindNothing()

    const wouldRefuse = legacy.machines.map(({ instanceId }) => instanceId)
    const refusal = (what: string, was: string, is: string) =>
      wouldRefuse.map(
        (id) =>
          new RegExp(
            `The data of ${id} is of ${what} ${was}, and the manifest says ${is}: Cassandra would refuse to start`,
          ),
      )
    await expect(
      await migration.check(legacy, {
        manifests: mistakes.setting('CASSANDRA_CLUSTER_NAME', 'K8Demo'),
      }),
    ).toRefuse(
      'another cluster name',
      refusal('cluster name', 'legacy', 'K8Demo').map((saying) => ['cluster-name', saying]),
    )
    await expect(
      await migration.check(legacy, { manifests: mistakes.setting('CASSANDRA_DC', 'DC1-K8Demo') }),
    ).toRefuse(
      'another datacenter',
      refusal('datacenter', 'dc-legacy', 'DC1-K8Demo').map((saying) => ['datacenter', saying]),
    )
    await expect(
      await migration.check(legacy, { manifests: mistakes.setting('CASSANDRA_RACK', 'Rack1') }),
    ).toRefuse(
      'another rack',
      refusal('rack', 'rack-legacy', 'Rack1').map((saying) => ['rack', saying]),
    )
    await expect(await migration.check(legacy, { manifests: mistakes.replicas(2) })).toRefuse(
      'a replica too few',
      [['node-count', /There are 3 legacy nodes, and StatefulSet cassandra has 2 replicas/]],
    )
    await expect(
      await migration.check(legacy, { manifests: mistakes.templateNamed('data') }),
    ).toRefuse('a template of another name', [
      ['template-name', /no claim template cassandra-data, only data: it would make empty volumes/],
    ])
    await expect(
      await migration.check(legacy, { manifests: mistakes.requesting('500Gi') }),
    ).toRefuse(
      'a template that asks for more than there is',
      [0, 1, 2].map((ordinal) => [
        'claim-too-large',
        new RegExp(`asks for 500 GiB, .* cassandra-data-cassandra-${ordinal} would never be bound`),
      ]),
    )
    await expect(
      await migration.check(legacy, { zones: ['mars-1a', 'mars-1a', 'mars-1a'] }),
    ).toRefuse('a zone without nodes', [
      ['zone-without-nodes', /There is no node that takes pods in zone mars-1a/],
    ])
  },
)

scenario(
  'volumes and claims that somebody wrote are judged by the volumes that there are: affinity, zone, order, policy, origin, name',
  { tags, needs, typicalSeconds: 60 },
  async ({ zones, migration, expect }) => {
    const legacy = await migration.legacyCluster(SMALL)
    const copies = await migration.copy(legacy)
    const [first, second] = copies.plan.nodes.map(({ zone }) => zone)
    const [copy = '', other = ''] = copies.volumeIds
    const [own = '', next = ''] = copies.plan.nodes.map(({ source }) => source.id)
    const check = (brings: ReturnType<typeof mistakes.volumesAndClaims>) =>
      migration.check(legacy, { brings })
    await expect(await check(mistakes.volumesAndClaims(copies))).toFindNothing()

    await expect(await check(mistakes.withoutAffinity(copies))).toRefuse('no node affinity', [
      ['volume-no-affinity', new RegExp(`${copy} can be attached in ${first} alone`)],
    ])
    await expect(await check(mistakes.inZone(copies, zones.at(-1)?.name ?? ''))).toRefuse(
      'the wrong zone',
      [['volume-wrong-zone', new RegExp(`to ${zones.at(-1)?.name}, and ${copy} is in ${first}`)]],
    )
    await expect(await check(mistakes.swapped(copies))).toRefuse('ordinals swapped', [
      ['volumes-swapped', new RegExp(`cassandra-data-cassandra-0 leads to a copy of ${next}`)],
      ['volumes-swapped', new RegExp(`cassandra-data-cassandra-1 leads to a copy of ${own}`)],
    ])
    await expect(await check(mistakes.deletedWithItsClaim(copies))).toRefuse(
      'reclaim policy Delete',
      [['volume-deleted-with-claim', /reclaim policy Delete: with its claim the data would go/]],
    )
    await expect(await check(mistakes.ofVolume(copies, own))).toRefuse(
      'the volume of the legacy machine itself, which is attached there',
      [['volume-of-source', new RegExp(`${own} itself, the volume of i-\\w+, and no copy`)]],
    )
    await expect(await check(mistakes.ofVolume(copies, 'vol-0123456789abcdef0'))).toRefuse(
      'a volume that is not there',
      [['volume-absent', /names volume vol-0123456789abcdef0, which EC2 does not have/]],
    )
    await expect(await check(mistakes.ofVolume(copies, other))).toRefuse(
      'one copy for two claims',
      [
        ['volume-wrong-zone', new RegExp(`to ${first}, and ${other} is in ${second}`)],
        ['volumes-swapped', new RegExp(`cassandra-data-cassandra-0 leads to a copy of ${next}`)],
      ],
    )
    const [machine] = legacy.machines
    if (machine) {
      await migration.whileAttached(copy, machine, async () => {
        await expect(await check(mistakes.volumesAndClaims(copies))).toRefuse(
          'a copy that is attached to a machine',
          [['volume-attached', new RegExp(`${copy} .* is attached to ${machine.instanceId}`)]],
        )
      })
    }
    await expect(await check(mistakes.forTemplate(copies, 'data'))).toRefuse(
      'claims that the StatefulSet never asks for',
      [0, 1, 2].map((ordinal) => [
        'volume-of-other-template',
        new RegExp(`claim data-cassandra-${ordinal}, which StatefulSet cassandra never asks for`),
      ]),
    )
  },
)

scenario(
  'a claim that is there already is found beforehand, for it has a volume of its own',
  { tags, needs, typicalSeconds: 30 },
  async ({ migration, expect }) => {
    const legacy = await migration.legacyCluster(SMALL)
    await migration.claim('cassandra-data-cassandra-1')
    await expect(await migration.check(legacy)).toRefuse('a claim that is there', [
      ['claim-exists', /The claim cassandra-data-cassandra-1 is there already/],
    ])
  },
)

scenario(
  'snapshots that are no picture of one moment are found beforehand: one is missing, or writes went on between them',
  { tags, needs, typicalSeconds: 60 },
  async ({ migration, expect }) => {
    const legacy = await migration.legacyCluster(SMALL)
    const clients = await legacy.clients()
    await clients.untilAcknowledged(50)
    const [early = ''] = await migration.snapshots(legacy)
    await migration.untilApart([early])
    await clients.untilAcknowledged(50)
    const atOnce = await migration.snapshots(legacy)
    await clients.stop()
    const [, ...withoutTheFirst] = atOnce

    // Whatever the snapshots are like: the ring is up, and nobody would drain it.
    const undrained = ['undrained', /^Nobody drains i-\w+, i-\w+, i-\w+: while a database/] as const
    await expect(await migration.check(legacy, { snapshots: atOnce })).toRefuse(
      'snapshots of a ring that serves',
      [undrained],
    )
    const first = legacy.machines[0]?.instanceId
    await expect(await migration.check(legacy, { snapshots: withoutTheFirst })).toRefuse(
      'the snapshot of one node is missing',
      [
        ['snapshot-missing', new RegExp(`no snapshot of vol-\\w+ of ${first}: its share`)],
        undrained,
      ],
    )
    await expect(
      await migration.check(legacy, { snapshots: [early, ...withoutTheFirst] }),
    ).toRefuse('snapshots at different times with writes going on', [
      ['snapshots-apart', /begun \d+ s apart while i-.* took writes/],
      undrained,
    ])
  },
)
