import { afterAll, beforeAll, expect, test } from 'vitest'
import { runOn } from '../migrate/instance-shell.ts'
import { budgetMs } from '../std/budgets.ts'
import { MigrationBench, TOKEN } from './testing/migration-bench.ts'

/**
 * `zonefall migrate run` dies at every change that it makes: the same command goes on with it, or
 * `zonefall cleanup --migration` takes everything back, whatever the step.
 */
let bench: MigrationBench

beforeAll(async () => {
  bench = await MigrationBench.open('killed-test')
})
afterAll(() => bench.close())

test('killed at a change, it is undone: all is as before', async () => {
  const nothing = await bench.cleanup()
  expect([nothing.code, nothing.output]).toEqual([
    3,
    expect.stringContaining(`Nothing carries the mark of a migration ${TOKEN}.`),
  ])
  for (const step of [
    'after CreateSnapshots',
    'after CreateVolume',
    'after create PersistentVolume',
    'after create Service',
  ]) {
    const { killedAt } = await bench.migrate(step)
    expect(killedAt).toContain(step)
    await bench.expectChanged()
    if (step === 'after CreateSnapshots') await expectSnapshotsKept()
    const { code, output } = await bench.cleanup()
    expect([code, output]).toEqual([0, expect.stringContaining(`Migration ${TOKEN}: undone.`)])
    await bench.expectAsBefore()
    await bench.restartDatabases()
  }
})

/** Before volumes are made of them the snapshots are all that a migration has. */
async function expectSnapshotsKept(): Promise<void> {
  const { code, output } = await bench.cleanup(['--only-snapshots'])
  expect([code, output]).toEqual([
    3,
    expect.stringMatching(/There is no volume that was made of snap-\w+: it may be the only copy/),
  ])
}

test(
  'killed at every change in turn, the same command goes on to the same end',
  { timeout: 20 * 60_000 },
  async () => {
    await bench.deleteNamespace()
    const died: string[] = []
    let last = await bench.migrate('before CreateSnapshots')
    for (let tries = 0; last.killedAt !== undefined && tries < 30; tries += 1) {
      died.push(last.killedAt)
      last = await bench.migrate('after ')
    }
    expect([last.code, last.output]).toEqual([0, last.output])
    expect([...new Set(died)]).toEqual([
      'before CreateSnapshots',
      'after CreateSnapshots',
      'after CreateVolume',
      'after create Namespace',
      'after create PersistentVolume',
      'after create PersistentVolumeClaim',
      'after create StorageClass',
      'after create Service',
      'after CreateTags',
      'after create StatefulSet',
    ])
    await bench.expectMigrated()
    // Nothing was made twice.
    await bench.expectCopies(bench.machines.length, bench.machines.length)
  },
)

test('once pods run the snapshots can go, and nothing is copied anew', async () => {
  expect((await bench.cleanup(['--only-snapshots'])).code).toBe(0)
  await bench.expectCopies(bench.machines.length, 0)
  const again = await bench.migrate()
  expect([again.code, again.output]).toEqual([0, again.output])
  expect(again.output).not.toContain('created')
  await bench.expectCopies(bench.machines.length, 0)
  await bench.expectMigrated()
  expect((await bench.cleanup(['--discard-writes'])).code).toBe(0)
  await bench.expectAsBefore()
  for (const machine of bench.machines)
    expect(await runOn(bench.shell, machine, 'cat /data/who')).not.toBe('')
})

test('copies of what is gone are deleted by who says so', async () => {
  await bench.restartDatabases()
  await bench.migrate('after CreateVolume')
  const { first } = bench
  const { client, sdk } = bench.ec2
  const [instance] = await bench.ec2.listInstances([first.instanceId])
  const own = (instance?.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.VolumeId ?? [])
  await client.send(new sdk.TerminateInstancesCommand({ InstanceIds: [first.instanceId] }))
  await expect
    .poll(async () => (await bench.ec2.listVolumes(own)).map(({ State }) => State ?? '?'), {
      timeout: budgetMs('volumeGone'),
    })
    .not.toContain('in-use')
  for (const id of own) await bench.ec2.deleteVolume(id)
  await bench.expectRefused(/vol-\w+, which was copied, is not there any more\./)
  expect((await bench.cleanup(['--discard-writes'])).code).toBe(0)
  await bench.expectCopies(0, 0)
})
