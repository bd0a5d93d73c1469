import { afterAll, beforeAll, expect, test } from 'vitest'
import { runOn } from '../migrate/instance-shell.ts'
import { budgetMs } from '../std/budgets.ts'
import { MigrationBench, NAMESPACE } from './testing/migration-bench.ts'

/**
 * What `zonefall cleanup --migration` leaves, and what it asks before it takes back; and when
 * `zonefall migrate run` goes on no more.
 */
let bench: MigrationBench

beforeAll(async () => {
  bench = await MigrationBench.open('undone-test')
})
afterAll(() => bench.close())

test('a namespace stays with what others put into it, even one that the migration made', async () => {
  await bench.deleteNamespace()
  const body = { metadata: { name: 'of-others' } }
  expect((await bench.migrate('after create Namespace')).killedAt).toBe('after create Namespace')
  await bench.cluster.core.createNamespacedConfigMap({ namespace: NAMESPACE, body })
  expect((await bench.cleanup()).code).toBe(0)
  expect((await bench.cluster.core.readNamespace({ name: NAMESPACE })).status?.phase).toBe('Active')
  await bench.cluster.core.deleteNamespacedConfigMap({ namespace: NAMESPACE, name: 'of-others' })
  await bench.expectAsBefore()
  await bench.restartDatabases()
})

test('killed where pods have the copies already, it is undone by who says so, at the second try too', async () => {
  await bench.migrate('after CreateTags')
  await bench.expectRefused(/were given to StatefulSet moved\/cassandra, which is not there\./)
  await bench.migrate('after create StatefulSet')
  await bench.expectRefused(/were given to StatefulSet moved\/cassandra\. The copies that /)
  // By hand, and its pods with it: nothing in the cluster tells of them any more.
  await bench.cluster.apps.deleteNamespacedStatefulSet({
    namespace: NAMESPACE,
    name: 'cassandra',
    propagationPolicy: 'Foreground',
  })
  await expect
    .poll(
      async () => (await bench.cluster.core.listNamespacedPod({ namespace: NAMESPACE })).items,
      {
        timeout: budgetMs('claimsGone'),
      },
    )
    .toEqual([])
  await bench.expectRefused(/were given to StatefulSet moved\/cassandra, which is not there\./)
  const { killedAt } = await bench.cleanup(
    ['--discard-writes'],
    'after delete PersistentVolumeClaim',
  )
  expect(killedAt).toBe('after delete PersistentVolumeClaim')
  // The pods are gone, and by now nobody can tell whether there were any.
  expect((await bench.cleanup(['--discard-writes'])).code).toBe(0)
  await bench.expectAsBefore()
})

test('what took writes again after it was copied is not gone on with', async () => {
  await bench.restartDatabases()
  await bench.migrate('after CreateSnapshots')
  await bench.restartDatabases()
  const { code, output } = await bench.migrate()
  expect([code, output]).toEqual([
    3,
    expect.stringMatching(
      /An earlier try copied i-\S+, (i-\S+, )?where the database takes writes again, or was started since: [^]*cleanup --migration migration-killed/,
    ),
  ])
  expect((await bench.cleanup()).code).toBe(0)
  await bench.expectAsBefore()
})

test('a database that serves again while volumes are copied keeps the pods from starting', async () => {
  await bench.restartDatabases()
  const { first } = bench
  await runOn(bench.shell, first, 'touch /run/restless')
  const { code, output } = await bench.migrate()
  await runOn(bench.shell, first, 'rm /run/restless')
  expect([code, output]).toEqual([
    3,
    expect.stringMatching(
      new RegExp(
        `created Service [^]*refused for 2 reasons; the first: An earlier try copied ${first.instanceId}, where`,
      ),
    ),
  ])
  expect(output).not.toContain('created StatefulSet')
  expect((await bench.cleanup()).code).toBe(0)
  await bench.expectAsBefore()
})
