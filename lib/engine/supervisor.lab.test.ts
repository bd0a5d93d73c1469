import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { readRun } from '../report/read-run.ts'
import { readTimeline } from '../report/records.ts'
import { poll } from '../std/poll.ts'
import { processesWithEnv } from '../std/process-identity.ts'
import { findInterruptedRuns, recoverRun } from './recover.ts'
import { startThreeZoneApiServer, type TestApiServer } from '../kube/testing/api-server.ts'
import type { RunOptions } from './records.ts'
import { Supervision } from './testing/supervision.ts'

/** The runs' own: each makes it and deletes it, for which Kubernetes takes five seconds. */
const NAMESPACE = 'demo'
/** Is there before and after. */
const STANDING = 'standing'

let api: TestApiServer
let supervision: Supervision
/** Where the runs' folders are. */
let out = ''

beforeAll(async () => {
  api = await startThreeZoneApiServer()
  await api.cluster.core.createNamespace({ body: { metadata: { name: STANDING } } })
})
afterAll(() => api[Symbol.asyncDispose]())
beforeEach(async () => {
  supervision = await Supervision.open(api, NAMESPACE)
  out = supervision.out
})
afterEach(() => supervision[Symbol.asyncDispose]())

const supervise = (filters: readonly string[], options?: Partial<RunOptions>) =>
  supervision.start(filters, options)
const superviseInStanding = (filters: readonly string[], options?: Partial<RunOptions>) =>
  supervision.start(filters, options, STANDING)
const runDirWith = (file: string, text: string) => supervision.runDirWith(file, text)
const cordoned = () => supervision.cordoned()

async function expectNothingLeft(): Promise<void> {
  expect(await cordoned()).toEqual([])
  expect(await supervision.hasNamespace()).toBe(false)
  const { items } = await api.cluster.core.listNamespacedConfigMap({ namespace: STANDING })
  expect(items.map(({ metadata }) => metadata?.name)).toEqual([])
}

/** The run's outcomes by the end of the scenario's id. */
async function outcomes(dir: string): Promise<Record<string, string>> {
  const { summary } = await readRun(dir)
  return Object.fromEntries(
    summary.results.map(({ id, outcome }) => [id.slice(id.lastIndexOf('/') + 1), outcome]),
  )
}

test('scenarios that pass: exit code 0, each heals, the file is taken down, reports are there', async () => {
  const run = supervise(['demo/good'])
  expect({ code: await run.ended, output: run.output() }).toMatchObject({ code: 0 })
  const dir = join(out, 'latest')
  expect(await outcomes(dir)).toEqual({
    'a-cordon-is-taken-back': 'pass',
    'the-next-one-finds-the-node-free': 'pass',
  })
  for (const file of ['junit.xml', 'report.json', 'report.html', 'logs/vitest.log']) {
    expect(existsSync(join(dir, file))).toBe(true)
  }
  // What the cluster did is written once, whichever process did it.
  const seen = readTimeline(join(dir, 'timeline.ndjson')).filter(
    ({ source }) => source === 'kubernetes',
  )
  const ofNode = seen.filter(({ subject }) => subject === 'node/node-a')
  expect(ofNode.map(({ kind }) => kind).filter((kind) => kind.endsWith('cordoned'))).toEqual([
    'node.cordoned',
    'node.uncordoned',
  ])
  expect(seen.filter(({ kind }) => kind.startsWith('watch.'))).toEqual([])
  await expectNothingLeft()
})

test('every kind of end has its outcome and its exit code', async () => {
  const run = superviseInStanding(['demo/outcomes'])
  expect(await run.ended).toBe(5)
  expect(await outcomes(join(out, 'latest'))).toEqual({
    'this-one-fails': 'fail',
    'this-one-is-unknown': 'unknown',
    'this-one-checks-nothing': 'unknown',
    'this-one-saw-it-was-false': 'fail',
    'this-one-breaks': 'unknown',
    'this-one-needs-nine-zones': 'skipped',
  })
  expect(run.output()).toContain('The harness itself broke')
  await expectNothingLeft()
})

test('one scenario of a file runs alone; a claim that does not hold is exit code 1', async () => {
  const run = superviseInStanding(['demo/outcomes/this-one-fails'])
  expect(await run.ended).toBe(1)
  expect(await outcomes(join(out, 'latest'))).toEqual({ 'this-one-fails': 'fail' })
  await expectNothingLeft()
})

test('a run in which all is skipped proves nothing, and a required skip is unknown', async () => {
  expect(await superviseInStanding(['needs-nine-zones']).ended).toBe(2)
  const required = superviseInStanding(['needs-nine-zones'], { require: ['skips'] })
  expect(await required.ended).toBe(2)
  expect(await outcomes(join(out, 'latest'))).toEqual({ 'this-one-needs-nine-zones': 'unknown' })
})

test('vitest is killed: what has no result is unknown, and everything is undone', async () => {
  const run = superviseInStanding(['demo/stuck'])
  const dir = await runDirWith('timeline.ndjson', 'test.stuck')
  expect(await cordoned()).toEqual(['node-a'])
  for (const pid of processesWithEnv('ZONEFALL_RUN_DIR', dir)) process.kill(pid, 'SIGKILL')
  expect(await run.ended).toBe(2)
  expect(await outcomes(dir)).toEqual({
    'this-one-never-ends': 'unknown',
    'this-one-never-begins': 'unknown',
  })
  const { summary } = await readRun(dir)
  expect(summary.results.map(({ reason }) => reason)).toEqual([
    'It did not end: the worker died: vitest was killed by SIGKILL; see logs/vitest.log.',
    'It never began: the worker died: vitest was killed by SIGKILL; see logs/vitest.log.',
  ])
  await expectNothingLeft()
})

test.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: stops, undoes, reports, exit code %i', async ([signal, code]) => {
  const run = supervise(['demo/stuck'])
  const dir = await runDirWith('timeline.ndjson', 'test.stuck')
  run.child.kill(signal)
  expect(await run.ended).toBe(code)
  expect((await readRun(dir)).summary).toMatchObject({ interruptedBy: signal, exitCode: code })
  expect(existsSync(join(dir, 'junit.xml'))).toBe(true)
  expect(processesWithEnv('ZONEFALL_RUN_DIR', dir)).toEqual([])
  await expectNothingLeft()
})

test('the time limit stops, undoes and reports; the verdict is unknown', async () => {
  const run = superviseInStanding(['demo/stuck'], { timeLimitMs: 3000 })
  expect(await run.ended).toBe(2)
  expect((await readRun(join(out, 'latest'))).summary.interruptedBy).toBe('time-limit')
  await expectNothingLeft()
})

test('the supervisor is killed: its workers end, and the next run undoes first', async () => {
  const first = supervise(['demo/stuck'])
  const dir = await runDirWith('timeline.ndjson', 'test.stuck')
  first.child.kill('SIGKILL')
  await first.ended
  await poll({ what: 'the workers to end', budget: 'workerStops', intervalMs: 100 }, () => {
    const left = processesWithEnv('ZONEFALL_RUN_DIR', dir)
    return left.length === 0 ? { done: true, value: true } : { done: false, seen: left }
  })
  expect(await cordoned()).toEqual(['node-a'])
  expect(existsSync(join(dir, 'report.json'))).toBe(false)

  const second = supervise(['demo/good'])
  expect({ code: await second.ended, output: second.output() }).toMatchObject({ code: 0 })
  expect(second.output()).toContain('4 changes were undone')
  expect((await readRun(dir)).summary.exitCode).toBe(5)
  await expectNothingLeft()
})

test('a second SIGINT stops at once, and clean-up finishes the rest', async () => {
  const run = supervise(['demo/stuck'])
  const dir = await runDirWith('timeline.ndjson', 'test.stuck')
  await supervision.hold('left', true)
  run.child.kill('SIGINT')
  await runDirWith('timeline.ndjson', 'ConfigMap left to be gone')
  const secondAtMs = performance.now()
  run.child.kill('SIGINT')
  expect(await run.ended).toBe(99)
  expect(performance.now() - secondAtMs).toBeLessThan(5000)
  expect(run.output()).toContain('Stopped at once.')
  expect(run.output()).toContain('3 changes are not undone: npx zonefall cleanup --run')
  // The cordon is younger than what hangs, so it was taken back before.
  expect(await cordoned()).toEqual([])

  await supervision.hold('left', false)
  const [left] = await findInterruptedRuns(out)
  if (!left) throw new Error('the run should be found')
  expect(left).toMatchObject({ dir, state: 'died', due: 3 })
  expect((await recoverRun(left)).outcome).toBe('undone')
  expect(await findInterruptedRuns(out)).toEqual([])
  await expectNothingLeft()
})

test('two runs on one target: the second is refused and told why', async () => {
  const first = superviseInStanding(['demo/stuck'])
  await runDirWith('timeline.ndjson', 'test.stuck')
  const second = superviseInStanding(['demo/good'])
  expect(await second.ended).toBe(99)
  expect(second.output()).toContain(`PreflightError: Another run is using this target: run 2`)
  expect(second.output()).toContain(`process ${first.child.pid}`)
  first.child.kill('SIGINT')
  expect(await first.ended).toBe(130)
})

test('the disk fills up: the verdict is told, everything is undone, no file is half written', async () => {
  const small = join(out, 'small')
  await mkdir(small)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', small])
  const onSmall = new Supervision(api, NAMESPACE, small)
  try {
    const run = onSmall.start(['demo/stuck'])
    const dir = await onSmall.runDirWith('timeline.ndjson', 'test.stuck')
    await writeFile(join(dir, 'filler'), Buffer.alloc(1024 * 1024)).catch(() => undefined)
    for (const pid of processesWithEnv('ZONEFALL_RUN_DIR', dir)) process.kill(pid, 'SIGKILL')
    const code = await run.ended
    expect({ code, output: run.output() }).toMatchObject({
      code: 5,
      output: expect.stringMatching(/The reports could not be written: .*junit.xml.*ENOSPC/),
    })
    const names = await readdir(dir)
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([])
    expect(names).not.toContain('junit.xml')
    await expectNothingLeft()
    await rm(join(dir, 'filler'))
    const [left] = await findInterruptedRuns(small)
    if (!left) throw new Error('the run should be found')
    expect((await recoverRun(left)).outcome).toBe('undone')
    expect(await readdir(dir)).toContain('junit.xml')
  } finally {
    onSmall.stop()
    execFileSync('umount', [small])
  }
})
