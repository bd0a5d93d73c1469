import { scenario } from '../../fixtures/index.ts'

/**
 * The MySQL of the workshop through its chapter: a primary and an asynchronous replica, brought up
 * once. Two zones are enough; where there are more, the scheduler picks two of them.
 */
const needs = { zones: 2, capabilities: ['exec'] } as const
const tags = ['mysql', 'seed']

scenario(
  'each volume is made in the zone of the node that the scheduler picked, in two zones',
  { tags: [...tags, 'placement'], needs, typicalSeconds: 60 },
  async ({ mysql, expect }) => {
    await expect(mysql).toHaveItsVolumesWherePredicted()
    await expect(mysql).toRunWhereItsVolumesAre()
    await expect(mysql).toBeSpreadOver(2)
    await expect(mysql).toReplicate()
  },
)

scenario(
  'a row that a client writes to the primary by its name is read through the reading Service',
  { tags, needs, typicalSeconds: 20 },
  async ({ mysql, expect }) => {
    const hello = await mysql.sayHello()
    await expect(hello).toReadBack()
    await expect(hello).toBeOnEveryServer()
    await expect(mysql).toBeReadFrom([0, 1])
    await expect(mysql).toRefuseWritesOn(await mysql.pod(1))
  },
)

scenario(
  'a replica whose readiness breaks is read from no more, and again once it is mended',
  { tags, needs, typicalSeconds: 40 },
  async ({ mysql, expect }) => {
    const hello = await mysql.sayHello()
    const replica = await mysql.pod(1)
    await mysql.breakReadiness(replica)
    await expect(mysql).toBeReadFrom([0])
    await expect(hello).toReadBack()
    await mysql.mendReadiness(replica)
    await expect(mysql).toBeReadFrom([0, 1])
  },
)

scenario(
  'a replica that is deleted comes back as who it was, with all rows, and follows again',
  { tags: [...tags, 'identity'], needs, faults: ['delete-pod'], typicalSeconds: 60 },
  async ({ mysql, expect }) => {
    const hello = await mysql.sayHello()
    await expect(hello).toBeOnEveryServer()
    const replica = await mysql.pod(1)
    await replica.delete()
    const meanwhile = await mysql.write(['while the replica was away'])
    await expect(replica).toReturn({
      sameName: true,
      sameVolume: true,
      sameHostId: true,
      newAddress: true,
    })
    await expect(mysql).toReplicate()
    await expect(hello).toBeOnEveryServer()
    await expect(meanwhile).toBeOnEveryServer()
    await expect(mysql).toBeReadFrom([0, 1])
  },
)

/** The third server is cloned from the second, which is a replica itself. */
scenario(
  'a third server begins with a copy of the second, and leaves its claim behind when it goes',
  { tags: [...tags, 'scale'], needs, typicalSeconds: 90 },
  async ({ mysql, expect }) => {
    const hello = await mysql.sayHello()
    await mysql.scaleTo(3)
    await expect(mysql).toReplicate()
    await expect(mysql).toRunWhereItsVolumesAre()
    await expect(mysql).toHaveItsVolumesWherePredicted()
    const later = await mysql.write(['once there were three'])
    await expect(hello).toBeOnEveryServer()
    await expect(later).toBeOnEveryServer()
    await expect(mysql).toBeReadFrom([0, 1, 2])

    const third = await mysql.pod(2)
    await mysql.scaleTo(2)
    await expect(third).toHaveLeftItsClaimBehind()
    await expect(mysql).toBeReadFrom([0, 1])
  },
)

/**
 * The tutorial's diagram says synchronous and active/standby; there is neither. mysql-0 is the
 * primary for ever: without its zone nobody writes, and with its volume nothing is lost.
 */
scenario(
  'without the zone of its primary nobody can write, all can be read, and nothing is lost',
  {
    tags: [...tags, 'identity'],
    needs,
    faults: ['cordon-zone', 'delete-pod'],
    typicalSeconds: 130,
  },
  async ({ mysql, faults, expect }) => {
    const hello = await mysql.sayHello()
    const more = await mysql.write(Array.from({ length: 20 }, (_, i) => `row ${i}`))
    await expect(more).toBeOnEveryServer()
    const primary = await mysql.pod(0)

    const outage = await faults.cordonZone(primary.zone)
    await primary.delete()
    await expect(primary).toStayPending({
      reasons: outage.expectedReasons,
      meanwhile: async () => {
        await expect(mysql).toRefuseWrites()
        await expect(mysql).toBeReadFrom([1])
        await expect(more).toReadBack()
      },
    })

    await outage.heal()
    await expect(primary).toReturn({
      sameName: true,
      sameVolume: true,
      sameHostId: true,
      newAddress: true,
    })
    await expect(mysql).toReplicate()
    const after = await mysql.write(['after the outage'])
    await expect(hello).toBeOnEveryServer()
    await expect(more).toBeOnEveryServer()
    await expect(after).toBeOnEveryServer()
    await expect(mysql).toBeReadFrom([0, 1])
  },
)
