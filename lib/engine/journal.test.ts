import { mkdtempSync, readFileSync, rmSync, appendFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Undo } from '../model/journal.ts'
import { Journal, readJournal } from './journal.ts'
import { inScenario } from './timeline.ts'

let dir = ''
let path = ''
let journal: Journal
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'zonefall-journal-'))
  path = join(dir, 'journal.ndjson')
  journal = new Journal(path)
})
afterEach(() => {
  journal.close()
  rmSync(dir, { recursive: true })
})

const uncordon = (node: string): Undo => ({ kind: 'set-unschedulable', node, value: false })

test('the intent is on disk before the change is made, the outcome after it', async () => {
  let seenByChange = ''
  const { value, id } = await journal.change(
    { scenario: 's', action: 'cordon node a', undo: uncordon('a') },
    () => {
      seenByChange = readFileSync(path, 'utf8')
      return Promise.resolve('done')
    },
  )
  expect(value).toBe('done')
  expect(JSON.parse(seenByChange)).toMatchObject({ step: 'intent', id, undo: uncordon('a') })
  expect(readJournal(path).map(({ step }) => step)).toEqual(['intent', 'changed'])
})

test('what may have happened stays due: a failed call, and a kill between call and answer', async () => {
  const failing = journal.change({ scenario: 's', action: 'x', undo: uncordon('a') }, () =>
    Promise.reject(new Error('time-out')),
  )
  await expect(failing).rejects.toThrow('time-out')
  void journal.change(
    { scenario: 's', action: 'y', undo: uncordon('b') },
    () => new Promise(() => undefined),
  )
  expect(journal.pending().map(({ action }) => action)).toEqual(['y', 'x'])
})

test.for([
  ['InsufficientInstanceCapacity', 0],
  ['TimeoutError', 1],
] as const)('a launch that ends with %s leaves %i to be ended', async ([name, due]) => {
  const undo: Undo = { kind: 'terminate-launched', token: 't' }
  const error = Object.assign(new Error('no'), { name })
  const failing = journal.change({ scenario: 's', action: 'launch', undo }, () =>
    Promise.reject(error),
  )
  await expect(failing).rejects.toThrow('no')
  expect(journal.pending()).toHaveLength(due)
})

test('pending is youngest first, without what was undone and what has no undo', async () => {
  const made: string[] = []
  for (const node of ['a', 'b', 'c']) {
    const { id } = await journal.change(
      { scenario: 's', scope: 'file', action: node, undo: uncordon(node) },
      () => Promise.resolve(),
    )
    made.push(id)
  }
  await journal.change({ scenario: 's', action: 'delete pod', undo: { kind: 'none' } }, () =>
    Promise.resolve(),
  )
  journal.undone(made[1] ?? '')
  journal.undoFailed(made[2] ?? '', new Error('refused'))
  expect(journal.pending()).toMatchObject([
    { action: 'c', failures: 1, scope: 'file' },
    { action: 'a', failures: 0 },
  ])
})

test('a torn last line hides nothing that was finished, also for a second process', async () => {
  await journal.change({ scenario: 's', action: 'a', undo: uncordon('a') }, () => Promise.resolve())
  appendFileSync(path, '{"step":"intent","id":"torn')
  const other = new Journal(path)
  await other.change({ scenario: 's', action: 'b', undo: uncordon('b') }, () => Promise.resolve())
  expect(other.pending().map(({ action }) => action)).toEqual(['b', 'a'])
  other.close()
})

test('a change belongs to the scenario that it was made in', async () => {
  await inScenario('demo/x', () =>
    journal.change({ action: 'a', undo: uncordon('a') }, () => Promise.resolve()),
  )
  expect(journal.pending()).toMatchObject([{ scenario: 'demo/x', scope: 'scenario' }])
})
