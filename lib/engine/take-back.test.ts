import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cluster } from '../kube/cluster.ts'
import { CleanupError } from '../model/errors.ts'
import { Journal } from './journal.ts'
import { Timeline } from './timeline.ts'
import { takeBack, type UndoContext } from './undo.ts'

let dir = ''
let run: UndoContext

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-take-back-'))
  const startedAtEpochMs = Date.now()
  run = {
    id: 'r',
    // Never asked: nothing that these tests take back reaches it.
    cluster: Object.create(Cluster.prototype),
    target: { kind: 'kubeconfig', context: '' },
    journal: new Journal(join(dir, 'journal.ndjson')),
    timeline: new Timeline(join(dir, 'timeline.ndjson'), startedAtEpochMs, 'scenario'),
    startedAtEpochMs,
  }
})

afterEach(async () => {
  run.journal.close()
  await rm(dir, { recursive: true })
})

const change = () =>
  run.journal.change({ action: 'nothing that lasts', undo: { kind: 'none' } }, async () => 1)

test('what was taken back already is left', async () => {
  const { id } = await change()
  await takeBack(run, [id])
  expect(run.journal.pending()).toEqual([])
  await takeBack(run, [id])
})

test('a change that the journal knows nothing of is no success, and the others are taken back', async () => {
  const { id } = await change()
  const healing = takeBack(run, [id, 'unwritten'])
  await expect(healing).rejects.toBeInstanceOf(CleanupError)
  await expect(healing).rejects.toThrow(
    'The journal has nothing of 1 of the 2 changes to take back.',
  )
  expect(run.journal.pending()).toEqual([])
})
