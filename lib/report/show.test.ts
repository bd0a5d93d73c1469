import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRun } from './read-run.ts'
import { sampleResults, sampleSummary, sampleTimeline } from './sample.ts'
import { showRun } from './show.ts'
import { writeReports } from './write.ts'

let reportsDir = ''
beforeEach(async () => {
  reportsDir = await mkdtemp(join(tmpdir(), 'zonefall-show-'))
})
afterEach(() => rm(reportsDir, { recursive: true, force: true }))

async function show(run?: string): Promise<string> {
  const stream = new PassThrough({ encoding: 'utf8' })
  let text = ''
  stream.on('data', (chunk: string) => (text += chunk))
  await showRun({ reportsDir, stream, ...(run === undefined ? {} : { run }) })
  return text
}

const lines = (records: readonly unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('')

const own = (): { pid: number; startTicks: string; bootId: string } => {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  return {
    pid: process.pid,
    startTicks: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '',
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  }
}

/** What a run leaves that was killed in its third scenario. */
async function leaveKilledRun(supervisor: unknown): Promise<string> {
  const dir = join(reportsDir, sampleSummary.runId)
  await mkdir(join(dir, 'logs'), { recursive: true })
  await writeFile(join(dir, 'logs', 'kubelet.log'), 'a line\n')
  const { runId, startedAt, seed, target, tier } = sampleSummary
  const selected = sampleResults.map(({ id, file, claim, tags }) => ({
    id,
    file,
    claim,
    options: { tags },
  }))
  await writeFile(
    join(dir, 'run.json'),
    JSON.stringify({
      format: 1,
      runId,
      startedAt,
      seed,
      target,
      options: { tier, keep: false },
      selected,
      supervisor,
    }),
  )
  await writeFile(join(dir, 'results.ndjson'), `${lines(sampleResults.slice(0, 2))}{"id":"torn`)
  const begin = { source: 'scenario', kind: 'scenario.begin', scenario: sampleResults[2]?.id }
  await writeFile(
    join(dir, 'timeline.ndjson'),
    lines([...sampleTimeline, { ...begin, atMs: 232_000 }]),
  )
  const intent = { step: 'intent', at: '', scenario: 's', scope: 'scenario' }
  await writeFile(
    join(dir, 'journal.ndjson'),
    lines([
      { ...intent, id: '1', action: 'cordon node a', undo: { kind: 'set-unschedulable' } },
      { step: 'changed', id: '1', at: '' },
      { ...intent, id: '2', action: 'cordon node b', undo: { kind: 'set-unschedulable' } },
      { step: 'undone', id: '2', at: '' },
      { ...intent, id: '3', action: 'delete pod c', undo: { kind: 'none' } },
    ]),
  )
  return dir
}

describe('showRun', () => {
  it('prints a past run as it was printed at its end', async () => {
    await writeReports(join(reportsDir, sampleSummary.runId), sampleSummary)
    const text = await show()
    expect(text).toContain('✘ a pod whose zone is cordoned waits for its volume')
    expect(text).toContain('→ Look at commitlog_sync')
    expect(text.endsWith('1 passed, 1 failed, 1 unknown, 1 skipped\n')).toBe(true)
  })

  it('makes the reports of a run that was killed, and leaves nothing green or unsaid', async () => {
    const dir = await leaveKilledRun({ pid: 1, startTicks: 'never', bootId: 'never' })
    const text = await show(sampleSummary.runId.slice(0, 10))
    expect(text).toContain('It did not end: the run was killed')
    expect(text).toContain('It never began: the run was killed')
    expect(text).toContain('"cordon node a" is not taken back: run npx zonefall cleanup --run')
    expect(text).not.toContain('cordon node b')
    expect(text).not.toContain('delete pod c')
    expect(text.endsWith('1 passed, 1 failed, 2 unknown, 0 skipped\n')).toBe(true)
    const junit = await readFile(join(dir, 'junit.xml'), 'utf8')
    expect(junit).toContain('type="CleanupError"')
    expect(await readFile(join(dir, 'report.html'), 'utf8')).toContain('logs/kubelet.log')
    expect(JSON.parse(await readFile(join(dir, 'report.json'), 'utf8'))).toMatchObject({
      exitCode: 4,
      durationMs: 232_000,
    })
  })

  it('shows a run of an earlier version, whose target could do what has another name now', async () => {
    const dir = await leaveKilledRun({ pid: 1, startTicks: 'never', bootId: 'never' })
    const path = join(dir, 'run.json')
    const run = JSON.parse(await readFile(path, 'utf8'))
    run.target.capabilities = ['exec', 'lab', 'ec2']
    await writeFile(path, JSON.stringify(run))
    expect(await show()).toContain('1 passed, 1 failed, 2 unknown, 0 skipped')
    const { summary } = await readRun(dir)
    expect(summary.target.capabilities).toEqual(['exec', 'ec2'])
  })

  // Whether a process lives is read from /proc.
  it.skipIf(process.platform !== 'linux')(
    'writes nothing into a run that still goes on',
    async () => {
      const dir = await leaveKilledRun(own())
      const text = await show()
      expect(text).toContain('the run is still going on; 2 of 4 scenarios had ended')
      expect(await readdir(dir)).not.toContain('junit.xml')
    },
  )

  it('shows the newest, also when it was killed before latest pointed to it', async () => {
    await writeReports(join(reportsDir, '20200101-000000-abcd'), sampleSummary)
    await leaveKilledRun({ pid: 1, startTicks: 'never', bootId: 'never' })
    expect(await show()).toContain('the run was killed')
    expect(await show('latest')).not.toContain('the run was killed')
  })

  it('refuses what is not there, or not one run, and says what is', async () => {
    await expect(show()).rejects.toThrow('There is no run in')
    const dir = await leaveKilledRun({ pid: 1, startTicks: 'never', bootId: 'never' })
    await cp(dir, `${dir}-again`, { recursive: true })
    await expect(show('2026')).rejects.toThrow('2026 is the beginning of 2 runs')
    await mkdir(join(reportsDir, 'empty'))
    await expect(show('empty')).rejects.toThrow(/empty holds no run/)
  })
})
