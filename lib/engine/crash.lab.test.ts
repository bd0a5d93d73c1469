import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CrashBench } from './testing/crash-bench.ts'
import { FAULT_UNDOS } from './testing/crash-every-kind.ts'
import { OBSERVED } from './testing/crash-hook.ts'

/**
 * One crash for every kind of undo that faults have; every step of every fault is the work of
 * `npm run crash-test`, which takes long.
 */
let bench: CrashBench
let out = ''

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'zonefall-crash-'))
  bench = await CrashBench.start('crash-ci', out, 2)
})
afterAll(async () => {
  await bench[Symbol.asyncDispose]()
  await rm(out, { recursive: true })
})

test('the supervisor is killed with every kind of undo due, and the first clean-up too: all is as before', async () => {
  const outcome = await bench.run({
    fault: 'every-kind',
    step: OBSERVED,
    recovery: 'cleanup-killed',
  })
  expect(outcome).toMatchObject({ killedAt: { text: OBSERVED }, problems: [] })
  expect([...new Set(outcome.due)].toSorted()).toEqual(FAULT_UNDOS)
})
