import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sampleResults, sampleSummary } from './sample.ts'
import { createReporter, type Reporter, type ReporterOptions } from './terminal.ts'
import { lettersOf } from './text.ts'

const ESC = String.fromCharCode(27)
const UP = new RegExp(`${ESC}\\[(?=\\d+A)`)

/** A stream that remembers, and a terminal's screen if it were endless: what a person sees. */
function screen(options: Partial<ReporterOptions> & { columns?: number; rows?: number } = {}): {
  reporter: Reporter
  raw: () => string
  lines: () => string[]
} {
  const { columns = 80, rows = 24, ...rest } = options
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns, rows })
  let raw = ''
  stream.on('data', (chunk: string) => (raw += chunk))
  const lines = (): string[] => {
    const shown: string[] = []
    // Each redraw begins by going up to the first line that it takes away.
    for (const [index, part] of raw.split(UP).entries()) {
      const [, up = '0', rest = part] = index === 0 ? [] : (/^(\d+)A\r([\s\S]*)$/.exec(part) ?? [])
      shown.splice(shown.length - Number(up))
      shown.push(...stripVTControlCharacters(rest).split('\n').slice(0, -1))
    }
    return shown.filter((line) => line !== '')
  }
  return { reporter: createReporter({ stream, ...rest }), raw: () => raw, lines }
}

function play(reporter: Reporter): void {
  reporter.step({ id: 'boot', text: 'boot three machines', state: 'begin' })
  reporter.step({ id: 'boot', text: 'boot three machines', state: 'end', elapsedMs: 4300 })
  for (const result of sampleResults) {
    reporter.scenarioStarted(result)
    const wait = { id: 'wait', text: 'three nodes UN', scenario: result.id }
    reporter.step({ ...wait, state: 'begin' })
    reporter.step({ ...wait, state: 'end', elapsedMs: 900 })
    reporter.scenarioFinished(result)
  }
  reporter.finish(sampleSummary)
}

describe('in CI', () => {
  it('writes one line per event, and no control characters', () => {
    const { reporter, raw } = screen({ isTTY: false })
    play(reporter)
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect(raw()).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F]/)
    const events = raw()
      .split('\n')
      .filter((line) => /^ *\d+\.\ds {2}/.test(line))
    expect(events.map((line) => line.trim().replace(/^\S+ +/, '')).slice(0, 5)).toEqual([
      'begin   boot three machines',
      'done    boot three machines (4.3 s)',
      `begin   ${sampleResults[0]?.id}: ${sampleResults[0]?.claim}`,
      'begin   three nodes UN',
      'done    three nodes UN (900 ms)',
    ])
    expect(raw()).toContain(`FAIL    ${sampleResults[1]?.id}`)
    expect(raw()).toContain(`SKIP    ${sampleResults[3]?.id}`)
  })

  it('says of steps which file’s they are while two scenarios go on', () => {
    const { reporter, raw } = screen({ isTTY: false })
    const step = { id: '1', text: 'wait', state: 'begin' } as const
    reporter.scenarioStarted({ id: 'db/one/x', claim: 'one' })
    reporter.step({ ...step, scenario: 'db/one/x' })
    reporter.scenarioStarted({ id: 'db/two/y', claim: 'two' })
    reporter.step({ ...step, scenario: 'db/two/y' })
    const begun = raw().match(/begin .*/g)
    expect(begun).toEqual([
      'begin   db/one/x: one',
      'begin   wait',
      'begin   db/two/y: two',
      'begin   db/two: wait',
    ])
  })

  it('keeps a text of several lines on one', () => {
    const { reporter, raw } = screen({ isTTY: false })
    reporter.message('one\n\u001B[2Jtwo\r\nthree')
    expect(raw()).toMatch(/^ +\d\.\ds +one two three\n$/)
  })
})

describe.each([false, true])('with isTTY %s', (isTTY) => {
  it('ends with the counts of all four outcomes', () => {
    const { reporter, raw } = screen({ isTTY, color: isTTY })
    play(reporter)
    expect(raw().endsWith('\n1 passed, 1 failed, 1 unknown, 1 skipped\n')).toBe(true)
  })

  it('says of a failure the reason, the hint, what was seen, and where the report is', () => {
    const { reporter, lines } = screen({ isTTY, columns: 200 })
    play(reporter)
    const text = lines().join('\n')
    expect(text).toContain('DataLossError: 1 of 23 acknowledged rows is missing')
    expect(text).toContain('→ Look at commitlog_sync')
    expect(text).toContain('✘ every acknowledged row reads back at QUORUM: 22 of 23')
    expect(text).toContain('missing: ["eu-south-1"]')
    expect(text).toContain('cassandra-0: 20 s')
    expect(text).toContain('in the tutorial: 30 s')
    expect(text).toContain('report: reports/20261121-063012-k3f9/report.html')
  })

  it('tells at the end of scenarios whose end was never heard of', () => {
    const { reporter, lines } = screen({ isTTY, columns: 200 })
    reporter.finish({ ...sampleSummary, leaks: ['volume vol-1 is left'] })
    const text = lines().join('\n')
    expect(text).toContain('→ Look at commitlog_sync')
    expect(text).toContain('✘ volume vol-1 is left')
  })
})

describe('on a terminal', () => {
  it('keeps what is done, and folds the steps of a scenario', () => {
    const { reporter, lines } = screen({ isTTY: true, columns: 120 })
    play(reporter)
    expect(lines()[0]).toBe('✔ boot three machines (4.3 s)')
    expect(lines()[1]).toBe('✔ each volume is where the provisioner’s hash puts it (71 s)')
    expect(lines().filter((line) => line.includes('three nodes UN'))).toEqual([])
  })

  it('shows what goes on, with its time, and a failed step for good', () => {
    const { reporter, lines } = screen({ isTTY: true })
    reporter.scenarioStarted({ id: 'x', claim: 'a claim' })
    const ofX = { scenario: 'x' }
    reporter.step({ ...ofX, id: '1', text: 'first', state: 'begin' })
    reporter.step({ ...ofX, id: '1', text: 'first', state: 'end', elapsedMs: 2000 })
    reporter.step({ ...ofX, id: '2', text: 'second', state: 'begin' })
    expect(lines()).toEqual([
      expect.stringMatching(/^\S a claim \(\d+ ms\)$/),
      '  ✔ first (2.0 s)',
      expect.stringMatching(/^ {2}\S second \(\d+ ms\)$/),
    ])
    reporter.step({ id: '2', text: 'second', state: 'fail', elapsedMs: 10 })
    expect(lines()[0]).toBe('  ✘ second (10 ms)')
    for (const passed of sampleResults.slice(0, 1)) {
      reporter.scenarioFinished({ ...passed, id: 'x', claim: 'a claim' })
    }
    expect(lines()).toEqual(['  ✘ second (10 ms)', '✔ a claim (71 s)'])
  })

  it('shows the steps of two scenarios below each, and folds each with its own', () => {
    const { reporter, lines } = screen({ isTTY: true })
    const step = (scenario: string, text: string, ...states: ('begin' | 'end')[]): void => {
      for (const state of states)
        reporter.step({ id: `${scenario} ${text}`, text, state, scenario })
    }
    reporter.scenarioStarted({ id: 'db/one/x', claim: 'one claim' })
    reporter.scenarioStarted({ id: 'db/two/y', claim: 'another claim' })
    step('db/one/x', 'a', 'begin', 'end')
    step('db/two/y', 'b', 'begin')
    for (const text of ['c', 'd', 'e']) step('db/one/x', text, 'begin', 'end')
    step('db/one/x', 'f', 'begin')
    const texts = () => lines().map((line) => line.replace(/\S (.*) \(.*\)$/, '$1'))
    // Of what is done the last two of each: the screen is small.
    expect(texts()).toEqual(['one claim', '  d', '  e', '  f', 'another claim', '  b'])
    step('db/one/x', 'f', 'end')
    for (const result of sampleResults.slice(0, 1)) {
      reporter.scenarioFinished({ ...result, id: 'db/one/x', claim: 'one claim' })
    }
    expect(texts()).toEqual(['one claim', 'another claim', '  b'])
  })

  it.each([24, 40, 72])('stays inside %d columns', (columns) => {
    const { reporter, lines } = screen({ isTTY: true, color: true, columns })
    reporter.step({ id: 'x', text: 'build artifacts '.repeat(20), state: 'begin' })
    for (const line of lines()) expect(lettersOf(line).length).toBeLessThan(columns)
    play(reporter)
    const wide = lines().filter((line) => lettersOf(line).length > columns)
    expect(wide.filter((line) => !/report:|passed,/.test(line))).toEqual([])
  })

  it('never draws more than the screen is high', () => {
    const { reporter, lines } = screen({ isTTY: true, rows: 6 })
    for (let i = 0; i < 30; i += 1) {
      reporter.step({ id: String(i), text: `step ${i}`, state: 'begin' })
    }
    expect(lines()).toHaveLength(4)
    expect(lines().at(-1)).toContain('step 29')
  })
})

describe('colours', () => {
  afterEach(() => void vi.unstubAllEnvs())

  it('are off where NO_COLOR is set', () => {
    vi.stubEnv('NO_COLOR', '1')
    const { reporter, raw } = screen({ isTTY: true })
    play(reporter)
    expect(raw()).not.toMatch(new RegExp(`${ESC}\\[\\d+m`))
  })

  it('are on at a terminal otherwise', () => {
    vi.stubEnv('NO_COLOR', '')
    const { reporter, raw } = screen({ isTTY: true })
    play(reporter)
    expect(raw()).toContain(`${ESC}[31m✘`)
  })
})

it('goes on when nobody reads any more', () => {
  const { reporter, raw } = screen({ isTTY: false })
  const stream = new PassThrough()
  const deaf = createReporter({ stream, isTTY: false })
  stream.destroy(new Error('EPIPE'))
  deaf.message('lost')
  reporter.message('heard')
  expect(raw()).toContain('heard')
})
