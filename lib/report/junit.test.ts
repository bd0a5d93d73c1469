import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import type { ScenarioResult } from '../model/scenario.ts'
import type { RunSummary } from '../model/summary.ts'
import { toJunitXml } from './junit.ts'
import { samplePassed, sampleResults, sampleSummary } from './sample.ts'

/** The schemas of Jenkins and Surefire are under licences of their own and stay outside the project. */
const SCHEMAS = new URL('../../../shared/xsd/', import.meta.url)
const missing = whyNoSchemas()

interface Parsed {
  testsuites: { '@tests': string; '@failures': string; '@errors': string; testsuite: Suite[] }
}
interface Suite {
  '@name': string
  '@tests': string
  '@skipped': string
  testcase: Record<string, unknown>[]
}

const parse = (xml: string): Parsed => {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    trimValues: false,
    isArray: (name) => name === 'testsuite' || name === 'testcase',
  })
  const parsed: Parsed = parser.parse(xml)
  return parsed
}

describe('toJunitXml', () => {
  it('writes a suite per file and each outcome as JUnit has it', () => {
    const { testsuites } = parse(toJunitXml(sampleSummary))
    expect(testsuites).toMatchObject({ '@tests': '4', '@failures': '1', '@errors': '1' })
    expect(testsuites.testsuite.map((s) => [s['@name'], s['@tests'], s['@skipped']])).toEqual([
      ['scenarios/cassandra/placement.scenario.ts', '1', '0'],
      ['scenarios/cassandra/cordon.scenario.ts', '2', '0'],
      ['scenarios/cassandra/nacl.scenario.ts', '1', '1'],
    ])
    const [placement, cordon, nacl] = testsuites.testsuite
    expect(placement?.testcase[0]).not.toHaveProperty('failure')
    expect(placement?.testcase[0]?.['system-out']).toContain('cassandra-1: us-east-1b')
    expect(cordon?.testcase[0]?.['failure']).toMatchObject({
      '@type': 'DataLossError',
      '@message': '1 of 23 acknowledged rows is missing: "eu-south-1" <Milan & more> ]]>',
    })
    expect(cordon?.testcase[0]?.['system-out']).toContain('[false] every acknowledged row')
    expect(cordon?.testcase[1]?.['error']).toMatchObject({ '@type': 'InconclusiveError' })
    expect(nacl?.testcase[0]?.['skipped']).toMatchObject({ '@message': sampleResults[3]?.reason })
  })

  it.each<[string, Partial<RunSummary>, string]>([
    ['something left behind', { leaks: ['volume vol-1 is left', 'claim x'] }, 'LeftoverError'],
    ['a change not undone', { undoErrors: ['node a is still cordoned'] }, 'CleanupError'],
    ['a broken harness', { harnessErrors: ['vitest died'] }, 'HarnessError'],
    ['an interruption', { interruptedBy: 'SIGINT' }, 'InterruptedError'],
    ['a run without a verdict', { results: [], exitCode: 2 }, 'InconclusiveError'],
  ])('is never green with %s', (_, change, type) => {
    const { testsuites } = parse(toJunitXml({ ...samplePassed, ...change }))
    expect(testsuites['@errors']).toBe('1')
    const suite = testsuites.testsuite.find((one) => one['@name'] === 'zonefall run')
    expect(suite?.testcase[0]?.['error']).toMatchObject({ '@type': type })
  })

  it('is green when all is well', () => {
    const { testsuites } = parse(toJunitXml(samplePassed))
    expect(testsuites).toMatchObject({ '@tests': '1', '@failures': '0', '@errors': '0' })
  })

  it('stays small when texts are huge', () => {
    const log = 'x'.repeat(10_000_000)
    const results = sampleResults.map((one) => ({ ...one, stack: log, reason: log }))
    const xml = toJunitXml({ ...sampleSummary, results })
    expect(xml.length).toBeLessThan(400_000)
    expect(xml).toContain('more characters')
  })
})

describe.skipIf(missing !== undefined)(`junit.xml against the schemas${missing ?? ''}`, () => {
  it.each<[string, RunSummary]>([
    ['all four outcomes', sampleSummary],
    ['a passed run', samplePassed],
    ['no results', { ...sampleSummary, results: [], exitCode: 5, harnessErrors: ['it broke'] }],
    ['nothing at all', { ...sampleSummary, results: [], exitCode: 0 }],
    ['leaks', { ...samplePassed, leaks: ['a', 'b'], undoErrors: ['c'], exitCode: 4 }],
  ])('is valid with %s', (_, summary) => {
    expect(complaints(toJunitXml(summary))).toEqual([])
  })

  it('is valid whatever the texts hold', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 })
    const result = fc.record<ScenarioResult>({
      id: text,
      file: text,
      claim: text,
      tags: fc.array(text),
      outcome: fc.constantFrom('pass', 'fail', 'unknown', 'skipped'),
      errorClass: text,
      reason: text,
      hint: text,
      stack: text,
      evidence: fc.array(
        fc.record({
          check: text,
          verdict: fc.constantFrom('true' as const, 'false' as const, 'unknown' as const),
          summary: text,
          data: fc.dictionary(text, fc.jsonValue()),
        }),
        { maxLength: 2 },
      ),
      startedAtMs: fc.nat(),
      durationMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(result, { maxLength: 4 }), text, (results, verdictText) => {
        expect(complaints(toJunitXml({ ...sampleSummary, results, verdictText }))).toEqual([])
      }),
      { numRuns: 30 },
    )
  })

  it('would be refused with a wrong element', () => {
    const wrong = toJunitXml(sampleSummary).replaceAll('system-out', 'system-in')
    expect(complaints(wrong)).toHaveLength(4)
    expect(complaints(wrong)[0]).toContain('system-in')
  })
})

/** The whole file against Jenkins' schema, and each suite on its own against Surefire's. */
function complaints(xml: string): string[] {
  const suites = xml.match(/<testsuite [\s\S]*?<\/testsuite>/g) ?? []
  return [
    validate('jenkins-junit-10.xsd', xml),
    ...suites.map((suite) => validate('surefire-test-report.xsd', suite)),
  ].filter((complaint) => complaint !== '')
}

/** What xmllint complains about; empty when valid. */
function validate(schema: string, xml: string): string {
  const args = ['--noout', '--schema', fileURLToPath(new URL(schema, SCHEMAS)), '-']
  const run = spawnSync('xmllint', args, { input: xml, encoding: 'utf8', timeout: 20_000 })
  return run.status === 0 ? '' : run.stderr
}

function whyNoSchemas(): string | undefined {
  if (!existsSync(new URL('jenkins-junit-10.xsd', SCHEMAS))) {
    return ' (skipped: the schemas are not in ../shared/xsd)'
  }
  const { error } = spawnSync('xmllint', ['--version'])
  return error === undefined ? undefined : ' (skipped: xmllint is missing, install libxml2-utils)'
}
