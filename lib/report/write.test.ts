import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sampleSummary, sampleTimeline } from './sample.ts'
import { writeReports } from './write.ts'

let root = ''
let dir = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'zonefall-reports-'))
  dir = join(root, sampleSummary.runId)
  await mkdir(dir)
  const lines = sampleTimeline.map((event) => `${JSON.stringify(event)}\n`)
  await writeFile(join(dir, 'timeline.ndjson'), `${lines.join('')}{"atMs":1,"torn`)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(root, { recursive: true, force: true })
})

const read = (name: string): Promise<string> => readFile(join(dir, name), 'utf8')

describe('writeReports', () => {
  it('writes the three files, nothing else, and points latest at them', async () => {
    await writeReports(dir, sampleSummary)
    expect((await readdir(dir)).toSorted()).toEqual([
      'junit.xml',
      'report.html',
      'report.json',
      'timeline.ndjson',
    ])
    expect(await readlink(join(root, 'latest'))).toBe(sampleSummary.runId)
    expect(JSON.parse(await read('report.json'))).toMatchObject({
      schema: 'zonefall-report',
      version: 1,
      runId: sampleSummary.runId,
      counts: { pass: 1, fail: 1, unknown: 1, skipped: 1 },
    })
  })

  it('moves latest to the newer run', async () => {
    await writeReports(dir, sampleSummary)
    await writeReports(join(root, 'next'), sampleSummary)
    expect(await readlink(join(root, 'latest'))).toBe('next')
    await writeReports(dir, sampleSummary, { latest: false })
    expect(await readlink(join(root, 'latest'))).toBe('next')
    expect((await readdir(root)).toSorted()).toEqual([sampleSummary.runId, 'latest', 'next'])
  })

  it('lets no secret through, wherever it stands', async () => {
    vi.stubEnv('AWS_SESSION_TOKEN', 'FwoGZXIvYXdzEXAMPLE')
    const secretAccessKey = 'wJalrXUtnFEMIEXAMPLEKEY'
    const leaky = `call failed: ${secretAccessKey}, FwoGZXIvYXdzEXAMPLE and hunter2-hunter2`
    const event = { atMs: 5, source: 'ec2', kind: 'ec2.call', text: leaky }
    await writeFile(join(dir, 'timeline.ndjson'), `${JSON.stringify(event)}\n`)
    await writeReports(
      dir,
      {
        ...sampleSummary,
        harnessErrors: [leaky],
        results: sampleSummary.results.map((result) => ({
          ...result,
          stack: leaky,
          evidence: [
            { check: leaky, verdict: 'false', summary: leaky, data: { password: 'x', leaky } },
          ],
        })),
        target: {
          ...sampleSummary.target,
          aws: { region: 'us-east-1', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey },
        },
      },
      { secrets: ['hunter2-hunter2'] },
    )
    const all = (await Promise.all(['junit.xml', 'report.json', 'report.html'].map(read))).join()
    expect(all).toContain('call failed: [redacted]')
    for (const secret of [secretAccessKey, 'AKIAIOSFODNN7', 'FwoGZXIv', 'hunter2']) {
      expect(all).not.toContain(secret)
    }
  })

  it('writes the others when one can’t be written, and names that one', async () => {
    await mkdir(join(dir, 'report.json', 'in the way'), { recursive: true })
    await expect(writeReports(dir, sampleSummary)).rejects.toThrow(
      /report\.json could not be written/,
    )
    expect(await read('junit.xml')).toContain('</testsuites>')
    expect(await read('report.html')).toContain('</html>')
    expect((await readdir(dir)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})
