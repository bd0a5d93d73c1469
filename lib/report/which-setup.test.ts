import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ZoneService } from '../model/fault-numbers.ts'
import type { FaultName, ScenarioInfo } from '../model/scenario.ts'
import type { RunSummary } from '../model/summary.ts'
import { summarySchema } from './records.ts'
import { whichSetup } from './which-setup.ts'

/** Reports of two runs on the lab, without what the page has no use for. */
const recorded = (name: string): RunSummary =>
  summarySchema.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, 'testing/recorded', `${name}.json`), 'utf8')),
  )
const deleted = recorded('a-pod-deleted')
const lost = recorded('a-volume-lost')

const scenario = (id: string, ...faults: FaultName[]): ScenarioInfo => ({
  id,
  file: '',
  claim: `claim of ${id}`,
  options: { tags: [], faults },
})
const idOf = ({ results }: RunSummary): string => results[0]?.id ?? ''
const KNOWN = [
  scenario(idOf(deleted), 'delete-pod'),
  scenario('cassandra/failover/others', 'delete-pod'),
  scenario('cassandra/failover/placement'),
  scenario(idOf(lost), 'pause-process', 'delete-pod'),
  scenario('mysql/tutorial/replica', 'delete-pod'),
  scenario('elsewhere/a/b', 'reboot-instance'),
]
const SETUPS = [
  { name: 'cassandra', images: ['gcr.io/google-samples/cassandra:v11'] },
  { name: 'mysql', images: ['mysql:5.7'] },
]
const page = (runs: readonly RunSummary[]): string[] => whichSetup(runs, KNOWN, SETUPS).split('\n')
const rowsOf = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith('| `'))

test('a row for each fault, a cell for each setup, with the run that measured it', () => {
  const lines = page([lost, deleted])
  expect(rowsOf(lines)).toEqual([
    '| `delete-pod` | (a) RTO 135 ms; RPO 0 of 3,239; served 99.8 %, 100 %, 100 % [1]<br>1 not measured | not measured |',
    '| `pause-process + delete-pod` | no scenario | RTO 12 s; RPO 301 of 1,051 (5.2 s); served 44 %, 49 %, 52 % [2] |',
  ])
  expect(lines).toContain('| fault | cassandra | mysql |')
})

test('runs are told with their date, machine, seed, timers and versions', () => {
  const machine = { cores: 2, memoryGib: 24, system: 'Linux 6.18', load: 7.5 }
  const lines = page([{ ...deleted, machine }, lost])
  expect(lines).toContain(
    '1. 20261121-102102-6xzw: 2026-11-21, on lab with Kubernetes v1.36.3; 2 cores, 24 GiB, ' +
      "Linux 6.18, load average 7.5; seed `qjrunbg4`. Kubernetes' timers as on EKS.",
  )
  expect(lines.find((line) => line.startsWith('2. '))).toMatch(
    /machine not recorded; seed `hxk7yxnj`\. Kubernetes' timers are shortened \(--timers short\)/,
  )
  expect(lines.find((line) => line.startsWith('- **cassandra**'))).toContain('3.11.19')
  expect(lines.find((line) => line.startsWith('- **mysql**'))).toContain('MySQL 8.0.33')
})

test('what was never measured says so', () => {
  const lines = page([])
  expect(rowsOf(lines)).toEqual([
    '| `delete-pod` | not measured | not measured |',
    '| `pause-process + delete-pod` | no scenario | not measured |',
  ])
  expect(lines).toContain('None was given.')
  expect(lines).toContain('  - mysql: claim of mysql/tutorial/replica — in none of the runs')
})

const changed = (run: RunSummary, change: Partial<RunSummary['results'][number]>): RunSummary => ({
  ...run,
  results: run.results.map((result) => ({ ...result, ...change })),
})

test.each<[string, RunSummary]>([
  ['that did not pass', changed(deleted, { outcome: 'unknown' })],
  ['with a planted defect', { ...deleted, sabotage: 'acknowledged-id-dropped' }],
  ['that broke nothing', changed(deleted, { numbers: [] })],
])('a run %s measures nothing', (_, run) => {
  expect(rowsOf(page([run]))[0]).toBe('| `delete-pod` | not measured | not measured |')
})

test('a run with the timers of EKS counts before a newer one without, and else the newest', () => {
  const short = { ...deleted.target, differences: lost.target.differences }
  const newer = { ...deleted, runId: 'newer', startedAt: '2026-11-22T00:00:00Z' }
  const told = (...runs: RunSummary[]) => page(runs).filter((line) => /^\d\. /.test(line))
  expect(told(deleted, { ...newer, target: short })).toEqual([expect.stringContaining('6xzw')])
  expect(told(newer, deleted)).toEqual([expect.stringContaining('newer')])
  expect(page([newer, deleted]).join('\n')).toContain('2 × pass')
})

const notBack = (zone: ZoneService): ZoneService => {
  const { rtoMs, ...rest } = zone
  return { ...rest, firstFailureMs: rtoMs ?? 0 }
}

test('zones that were not served again, and scenarios without clients, are told', () => {
  const numbers = deleted.results[0]?.numbers ?? []
  const stuck = numbers.map((one) => ({
    ...one,
    zones: one.zones.map((zone, i) => (i === 0 ? notBack(zone) : zone)),
  }))
  expect(rowsOf(page([changed(deleted, { numbers: stuck })]))[0]).toContain(
    'RTO not served again in us-east-1a; RPO 0 of 3,239;',
  )
  const alone = numbers.map(({ startedAtMs }) => ({ startedAtMs, phases: [], zones: [] }))
  expect(rowsOf(page([changed(deleted, { numbers: alone })]))[0]).toContain(
    'without clients; RPO not asked [1]',
  )
})
