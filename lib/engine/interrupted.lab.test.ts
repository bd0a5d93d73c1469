import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { orAbsent } from '../kube/cluster.ts'
import { startThreeZoneApiServer, type TestApiServer } from '../kube/testing/api-server.ts'
import { readRun } from '../report/read-run.ts'
import { poll } from '../std/poll.ts'
import { findInterruptedRuns, recoverRun } from './recover.ts'
import { Supervision } from './testing/supervision.ts'

/** Ctrl-C where no scenario runs: before the first, after the last; and runs that are kept. */
const NAMESPACE = 'demo'

let api: TestApiServer
let supervision: Supervision

beforeAll(async () => {
  api = await startThreeZoneApiServer()
})
afterAll(() => api[Symbol.asyncDispose]())
beforeEach(async () => {
  supervision = await Supervision.open(api, NAMESPACE)
})
afterEach(() => supervision[Symbol.asyncDispose]())

async function expectNothingLeft(): Promise<void> {
  expect(await supervision.cordoned()).toEqual([])
  expect(await supervision.hasNamespace()).toBe(false)
}

const HANGS = 'ConfigMap left to be gone'

describe('while the run after a crash undoes what is left', () => {
  /** The folder of a run whose supervisor was killed, and the next one, which hangs undoing it. */
  async function untilRecoveryHangs() {
    const dead = supervision.start(['demo/stuck'])
    const dir = await supervision.runDirWith('timeline.ndjson', 'test.stuck')
    dead.child.kill('SIGKILL')
    await dead.ended
    await supervision.hold('left', true)
    const next = supervision.start(['demo/good'])
    await supervision.runDirWith('timeline.ndjson', HANGS)
    return { dir, next }
  }

  test('Ctrl-C lets the undoing end, and no run begins', async () => {
    const { dir, next } = await untilRecoveryHangs()
    next.child.kill('SIGINT')
    await poll({ what: 'the interrupt', budget: 'stateVisible', intervalMs: 20 }, () =>
      next.output().includes('interrupt SIGINT')
        ? { done: true, value: true }
        : { done: false, seen: next.output() },
    )
    await supervision.hold('left', false)
    expect({ code: await next.ended, output: next.output() }).toMatchObject({
      code: 99,
      output: expect.stringMatching(/4 changes were undone\.[^]*InterruptedError: interrupted/),
    })
    expect(await supervision.runs()).toHaveLength(1)
    expect((await readRun(dir)).state).toBe('finished')
    expect(await findInterruptedRuns(supervision.out)).toEqual([])
    await expectNothingLeft()
  })

  test('a second Ctrl-C stops at once, and what is left stays known', async () => {
    const { dir, next } = await untilRecoveryHangs()
    next.child.kill('SIGINT')
    const secondAtMs = performance.now()
    next.child.kill('SIGTERM')
    expect(await next.ended).toBe(99)
    expect(performance.now() - secondAtMs).toBeLessThan(5000)
    expect(await supervision.cordoned()).toEqual([])
    expect(await supervision.runs()).toHaveLength(1)

    await supervision.hold('left', false)
    const [left] = await findInterruptedRuns(supervision.out)
    if (!left) throw new Error('the run should be found')
    expect(left).toMatchObject({ dir, due: 3 })
    expect((await recoverRun(left)).outcome).toBe('undone')
    await expectNothingLeft()
  })
})

test('Ctrl-C in the clean-up and again in the reporting: all is undone, all is reported', async () => {
  const run = supervision.start(['demo/good'])
  const dir = await supervision.runDirWith('timeline.ndjson', 'scenario.begin')
  const { core } = api.cluster
  // Somebody's object in the run's namespace, whose end the clean-up has to await.
  await core.createNamespacedConfigMap({
    namespace: NAMESPACE,
    body: { metadata: { name: 'guest', finalizers: ['zonefall.io/stays'] } },
  })
  await supervision.runDirWith('timeline.ndjson', `Namespace ${NAMESPACE} to be gone`)
  run.child.kill('SIGINT')
  await poll(
    { what: 'the guest to be told to go', budget: 'stateVisible', intervalMs: 50 },
    async () => {
      const guest = await orAbsent(
        core.readNamespacedConfigMap({ name: 'guest', namespace: NAMESPACE }),
      )
      return guest?.metadata?.deletionTimestamp === undefined
        ? { done: false, seen: 'not yet' }
        : { done: true, value: true }
    },
  )
  await supervision.hold('guest', false)
  await supervision.runDirWith('timeline.ndjson', 'run.end')
  run.child.kill('SIGINT')
  expect({ code: await run.ended, output: run.output() }).toMatchObject({ code: 130 })
  const { summary } = await readRun(dir)
  expect(summary.results.map(({ outcome }) => outcome)).toEqual(['pass', 'pass'])
  expect(summary).toMatchObject({ interruptedBy: 'SIGINT', undoErrors: [], leaks: [] })
  expect(existsSync(join(dir, 'junit.xml'))).toBe(true)
  await expectNothingLeft()
})

test('--keep leaves what was deployed, heals faults, and clean-up takes it away', async () => {
  const run = supervision.start(['demo/good'], { keep: true })
  expect({ code: await run.ended, output: run.output() }).toMatchObject({ code: 0 })
  const { core } = api.cluster
  const kept = async () => {
    const { items } = await core.listNamespacedConfigMap({ namespace: NAMESPACE })
    return items.map(({ metadata }) => metadata?.name).filter((name) => name !== 'kube-root-ca.crt')
  }
  expect(await kept()).toEqual(['deployed'])
  expect(await supervision.cordoned()).toEqual([])
  const { summary } = await readRun(join(supervision.out, 'latest'))
  expect(summary).toMatchObject({ leaks: [], undoErrors: [] })

  const [found] = await findInterruptedRuns(supervision.out)
  if (!found) throw new Error('the run should be found')
  expect(found).toMatchObject({ state: 'kept', due: 3 })
  expect(await recoverRun(found)).toMatchObject({ outcome: 'undone' })
  await expectNothingLeft()
  // Its report told the run; what became of it later is in the journal.
  expect((await readRun(found.dir)).summary).toEqual(summary)
})
