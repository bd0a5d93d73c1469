import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { readJournal } from '../engine/journal.ts'
import { RUN_FILES } from '../engine/run.ts'
import { type EksBench, startEksBench } from '../engine/testing/eks-bench.ts'
import { runDemo } from './testing/run-demo.ts'

/**
 * What takes longer on a lab that is met as an EKS cluster is, with the rights of manifests/access/:
 * a node is replaced, and a zone of the tutorial's Cassandra goes dark.
 */
let bench: EksBench

beforeAll(async () => {
  bench = await startEksBench('eks-long')
  await bench.zonefall('init', '--context', bench.context)
  await bench.apply('zonefall-consent.yaml')
})
afterEach(() => void vi.unstubAllEnvs())
afterAll(() => bench[Symbol.asyncDispose]())

test('the node that replaces a terminated one is in scope, and is broken next', async () => {
  for (const [name, value] of Object.entries(bench.env)) vi.stubEnv(name, value)
  const { dir, summary } = await runDemo(bench, 'replacement')
  expect(summary).toMatchObject({
    exitCode: 0,
    results: [{ outcome: 'pass' }],
    leaks: [],
    undoErrors: [],
  })
  const hit = readJournal(join(dir, RUN_FILES.journal)).flatMap((entry) =>
    entry.step === 'intent' && entry.undo.kind === 'start-instances' ? entry.undo.instances : [],
  )
  // Preflight has never seen it: it came with its group.
  const atFirst = summary.target.zones.flatMap(({ nodes }) => nodes.map(({ name }) => name))
  expect(hit).toHaveLength(1)
  expect(atFirst).not.toContain(hit[0]?.node)
})

test(
  'clients of a real database go on while a zone is dark',
  { timeout: 20 * 60_000 },
  async () => {
    const on = ['--target', 'eks', '--context', bench.context]
    const out = join(bench.dir, 'reports')
    const run = await bench.zonefall('run', 'cassandra/zone-outage', ...on, '--out', out)
    expect(run).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 passed, 0 failed, 0 unknown, 0 skipped'),
    })
    expect(await bench.zonefall('cleanup', '--audit', ...on)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing of any run is left.'),
    })
  },
)
