import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Evidence } from '../model/scenario.ts'
import { numbersLine } from './fault-numbers.ts'
import { harness, OUTAGE, STORY } from './fault-story-sample.ts'
import { readNumbers } from './read-numbers.ts'
import { readRun } from './read-run.ts'
import { samplePassed } from './sample.ts'
import { writeReports } from './write.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonefall-numbers-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const lines = (records: readonly unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('')

/** What the clients' checker says when three ids are lost, in the workload's time. */
const durability = (verdict: Evidence['verdict']): Evidence => ({
  check: 'clients lose nothing',
  verdict,
  summary: '3 ids lost',
  data: {
    counts: { acknowledged: 900, lost: 4, attempted: 910 },
    lostAcknowledged: { count: 3, firstAtMs: 2500, lastAtMs: 3000 },
  },
})

/** Clients that began at 96 s of the run, one operation a second, none acknowledged for 10 s. */
async function leaveRun(): Promise<void> {
  const started = { ...harness(96, 'clients.started', 'clients'), data: { startsAtMs: 96_000 } }
  await writeFile(join(dir, 'timeline.ndjson'), lines([started, ...OUTAGE]))
  const folder = join(dir, 'history', 'db-outage-a')
  await mkdir(folder, { recursive: true })
  const operations = Array.from({ length: 390 }, (_, i) => ({
    index: i,
    kind: 'insert',
    dueNs: i * 1e9,
    doneNs: i * 1e9 + 5e6,
    outcome: i >= 20 && i < 30 ? 'fail' : 'ok',
    found: [{ value: 'x' }],
  }))
  await writeFile(join(folder, 'us-east-1a.ndjson'), `${lines(operations)}{"dueNs":39000000000`)
  const zones = [{ zone: 'us-east-1a', uncertaintyNs: 2_300_000, ok: 1 }]
  await writeFile(join(folder, 'clients.json'), JSON.stringify({ zones, agents: [] }))
}

test('what became of a bank’s transfers stands with its ledger', async () => {
  await leaveRun()
  const { data, ...rest } = durability('true')
  const bank = { ...rest, data: { counts: { transfers: 910, acknowledged: 900 }, ledger: data } }
  const [one] = await readNumbers(dir, STORY, [bank])
  expect(one).toMatchObject({ rpo: { acknowledged: 900, lost: 3, lostMs: 1500 } })
})

test('a run’s files give the numbers of its faults, and its reports carry them', async () => {
  await leaveRun()
  const numbers = await readNumbers(dir, STORY, [durability('false')])
  expect(numbers).toMatchObject([
    {
      startedAtMs: 100_000,
      rtoMs: 10_005,
      zones: [{ zone: 'us-east-1a', due: 371, ok: 361, fail: 10, clockUncertaintyMs: 2.3 }],
      rpo: { acknowledged: 900, lost: 3, lostMs: 1500 },
    },
  ])
  const [result] = samplePassed.results
  if (!result) throw new Error('the sample has no result')
  const summary = { ...samplePassed, results: [{ ...result, numbers }] }
  await writeReports(dir, summary, { latest: false })
  const past = await readRun(dir)
  expect(past.summary.results[0]?.numbers).toEqual(numbers)
  const junit = await readFile(join(dir, 'junit.xml'), 'utf8')
  const [line = 'no line'] = numbers.map(numbersLine)
  expect(junit).toContain(line)
})

test('what a checker could not say is no loss of nothing', async () => {
  await leaveRun()
  const [one] = await readNumbers(dir, STORY, [durability('unknown')])
  expect(one).not.toHaveProperty('rpo')
  expect(one?.zones).toHaveLength(1)
})

test('a run without clients has its phases, one without faults nothing', async () => {
  await leaveRun()
  await rm(join(dir, 'history'), { recursive: true })
  const [one] = await readNumbers(dir, STORY, [durability('true')])
  expect(one).not.toHaveProperty('rpo')
  expect(one).toMatchObject({ zones: [] })
  expect(one?.phases.length).toBe(17)
  expect(await readNumbers(dir, { ...STORY, scenario: 'db/calm/b' }, [])).toEqual([])
  await rm(join(dir, 'timeline.ndjson'))
  expect(await readNumbers(dir, STORY, [])).toEqual([])
})

test('a scenario that a kill cut short has the numbers until then', async () => {
  await leaveRun()
  const { runId, startedAt, seed, target, tier } = samplePassed
  const selected = [{ id: STORY.scenario, file: 'f', claim: 'c', options: { tags: [] } }]
  const supervisor = { pid: 1, startTicks: 'never', bootId: 'never' }
  const run = { runId, startedAt, seed, target, options: { tier }, selected, supervisor }
  await writeFile(join(dir, 'run.json'), JSON.stringify(run))
  const { summary, state } = await readRun(dir)
  expect(state).toBe('killed')
  expect(summary.results).toMatchObject([{ outcome: 'unknown', numbers: [{ rtoMs: 10_005 }] }])
  expect(summary.results[0]?.numbers?.[0]).not.toHaveProperty('rpo')
})
