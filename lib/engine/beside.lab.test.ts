import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startThreeZoneApiServer, type TestApiServer } from '../kube/testing/api-server.ts'
import { fileStem } from './collect.ts'
import { readRun } from '../report/read-run.ts'
import { readTimeline } from '../report/records.ts'
import { poll } from '../std/poll.ts'
import { processesWithEnv } from '../std/process-identity.ts'
import { STANDS } from './testing/project/beside.ts'
import { type Supervised, Supervision } from './testing/supervision.ts'

/** Files of scenarios whose blast radii don't overlap run side by side, the others alone. */
const NAMESPACE = 'demo'

/** A supervisor, its vitest and the workers start in this time on a busy machine. */
const STANDING_MS = 120_000

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

/** Namespaces that runs have made, and nobody took away. */
async function namespacesLeft(): Promise<string[]> {
  const { items } = await api.cluster.core.listNamespace()
  return items
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((name) => name.startsWith(NAMESPACE))
}

/** The run's folder and the worker of each file, once so many deployments stand. */
async function untilStanding(
  run: Supervised,
  count: number,
): Promise<{ dir: string; workers: ReadonlyMap<string, number> }> {
  const what = `${count} deployments`
  return poll({ what, budget: 'stateVisible', budgetMs: STANDING_MS, intervalMs: 50 }, async () => {
    const [name = ''] = await supervision.runs()
    const dir = join(supervision.out, name)
    const standing = readTimeline(join(dir, 'timeline.ndjson')).flatMap(({ kind, text, data }) =>
      kind === STANDS ? [[text ?? '', Number(data?.['pid'])] as const] : [],
    )
    return standing.length === count
      ? { done: true, value: { dir, workers: new Map(standing) } }
      : { done: false, seen: run.output() }
  })
}

test('files that stay with their deployments overlap in time, and those that need the zones overlap none', async () => {
  const run = supervision.start(['beside/'])
  expect({ code: await run.ended, output: run.output() }).toMatchObject({ code: 0 })
  const { summary } = await readRun(join(supervision.out, 'latest'))
  const spans = summary.results.map(({ file, startedAtMs, durationMs }) => ({
    stem: fileStem(file),
    from: startedAtMs,
    to: startedAtMs + durationMs,
  }))
  const overlapping = spans.flatMap((one) =>
    spans
      .filter((other) => one.stem < other.stem && one.from < other.to && other.from < one.to)
      .map((other) => [one.stem, other.stem]),
  )
  expect(overlapping).toEqual([['beside/one', 'beside/two']])
  expect(summary).toMatchObject({ leaks: [], undoErrors: [], harnessErrors: [] })
  // What the cluster did is told as its file's where two have the same names.
  const seen = readTimeline(join(supervision.out, 'latest/timeline.ndjson'))
  for (const kind of ['pod.created', 'pv.deleted']) {
    const files = seen.filter((event) => event.kind === kind).map(({ file }) => file ?? 'any')
    expect(files.toSorted((one, other) => one.localeCompare(other))).toEqual([
      'any',
      'any',
      'beside/one',
      'beside/two',
    ])
  }
  expect(await namespacesLeft()).toEqual([])
})

test('one at a time when that is asked for', async () => {
  const run = supervision.start(['beside/one', 'beside/two'], { parallel: 1 })
  expect({ code: await run.ended, output: run.output() }).toMatchObject({ code: 0 })
  const { summary } = await readRun(join(supervision.out, 'latest'))
  const [one, two] = summary.results
  if (!one || !two) throw new Error('two results were expected')
  expect(two.startedAtMs).toBeGreaterThanOrEqual(one.startedAtMs + one.durationMs)
})

test('Ctrl-C with two running: both end, both are taken down, both are told of', async () => {
  const run = supervision.start(['hangs/'])
  const { dir } = await untilStanding(run, 2)
  expect(await namespacesLeft()).toHaveLength(2)
  run.child.kill('SIGINT')
  expect(await run.ended).toBe(130)
  const { summary } = await readRun(dir)
  expect(summary.results.map(({ outcome, reason }) => [outcome, reason])).toEqual(
    ['one', 'two'].map(() => ['unknown', 'It did not end: interrupted by SIGINT.']),
  )
  expect(summary).toMatchObject({ leaks: [], undoErrors: [] })
  expect(processesWithEnv('ZONEFALL_RUN_DIR', dir)).toEqual([])
  expect(await namespacesLeft()).toEqual([])
})

test('a worker that dies takes no other down: its scenario is unknown, the other’s has its result', async () => {
  const run = supervision.start(['hangs/one', 'hangs/two', 'beside/one'], { parallel: 3 })
  const { dir, workers } = await untilStanding(run, 3)
  for (const file of ['hangs/one', 'hangs/two']) {
    process.kill(workers.get(file) ?? 0, 'SIGKILL')
  }
  expect(await run.ended).toBe(5)
  const { summary } = await readRun(dir)
  expect(summary.results.map(({ id, outcome }) => [id.split('/')[0], outcome])).toEqual([
    ['beside', 'pass'],
    ['hangs', 'unknown'],
    ['hangs', 'unknown'],
  ])
  expect(summary).toMatchObject({ leaks: [], undoErrors: [] })
  expect(await namespacesLeft()).toEqual([])
})
