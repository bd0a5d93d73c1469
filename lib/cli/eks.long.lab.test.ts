import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readJournal } from '../engine/journal.ts'
import { RUN_FILES } from '../engine/run.ts'
import { findRun, readRun } from '../report/read-run.ts'
import { type EksBench, startEksBench } from './testing/eks-bench.ts'

/**
 * The tutorial's Cassandra on a lab that is met as an EKS cluster is, by the command line, with the
 * rights of manifests/access/ and faults of EC2.
 */
let bench: EksBench

beforeAll(async () => {
  bench = await startEksBench('eks-long')
  await bench.zonefall('init', '--context', bench.context)
  await bench.apply('zonefall-consent.yaml')
})
afterAll(() => bench[Symbol.asyncDispose]())

test('the node that replaces a terminated one is in scope, and is broken next', async () => {
  const filters = ['cassandra/machines/the-volume-of-a-term', 'cassandra/power-cut/a-pod-whose']
  const out = join(bench.dir, 'reports')
  const args = [...filters, '--target', 'eks', '--context', bench.context, '--out', out]
  const { code, stdout, stderr } = await bench.zonefall('run', ...args)
  expect({ code, stdout, stderr }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2 passed, 0 failed, 0 unknown, 0 skipped'),
  })
  const dir = await findRun(out)
  const { summary } = await readRun(dir)
  expect(summary).toMatchObject({ leaks: [], undoErrors: [], target: { kind: 'eks' } })
  const hit = readJournal(join(dir, RUN_FILES.journal)).flatMap((entry) =>
    entry.step === 'intent' && entry.undo.kind === 'start-instances' ? entry.undo.instances : [],
  )
  // Preflight has never seen it: it came with its group.
  const atFirst = summary.target.zones.flatMap(({ nodes }) => nodes.map(({ name }) => name))
  expect(hit).toHaveLength(1)
  expect(atFirst).not.toContain(hit[0]?.node)
  const { items } = await bench.owner.core.listNode()
  expect(items.map(({ metadata }) => metadata?.name)).toContain(hit[0]?.node)
  const audit = await bench.zonefall('cleanup', '--audit', '--context', bench.context)
  expect(audit).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Nothing of any run is left.'),
  })
})
