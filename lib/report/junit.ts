import type { Evidence, ScenarioResult } from '../model/scenario.ts'
import type { RunSummary } from '../model/summary.ts'
import { numbersLine } from './fault-numbers.ts'
import { boundText, cleanLine, cleanText, formatValue } from './text.ts'

/** UTF-16 units that one text of the file may have; logs of any size are beside it. */
const TEXT_LIMIT = 64 * 1024
const MESSAGE_LIMIT = 2_000

/**
 * The run as `junit.xml`: one `<testsuite>` per scenario file, in the order of the run. A failed
 * claim is a `<failure>`, an unknown verdict an `<error>`, a skipped scenario a `<skipped>` with
 * its reason. What went wrong outside of scenarios (something left behind, an undo that failed,
 * the harness itself, an interruption) is a suite of its own, so that such a run is never green.
 *
 * Valid for Jenkins' schema (junit-10.xsd) as a whole, and each suite for Surefire's
 * (surefire-test-report.xsd); elements and attributes are those that both allow.
 */
export function toJunitXml(summary: RunSummary): string {
  const suites = [...Map.groupBy(summary.results, (result) => result.file)].map(([file, results]) =>
    suiteXml(summary, file, results.map(scenarioCase), startOf(summary, results)),
  )
  const runCases = runTroubles(summary)
  if (runCases.length > 0) {
    suites.push(suiteXml(summary, 'zonefall run', runCases, new Date(summary.startedAt)))
  }
  const all = [...summary.results.map(scenarioCase), ...runCases]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    element(
      'testsuites',
      {
        name: `zonefall ${summary.runId}`,
        time: seconds(summary.durationMs),
        tests: String(all.length),
        failures: String(count(all, 'failure')),
        errors: String(count(all, 'error')),
      },
      suites,
    ),
    '',
  ].join('\n')
}

/** One `<testcase>`, before it is written. */
interface Case {
  readonly name: string
  readonly classname: string
  readonly durationMs: number
  readonly trouble?: {
    readonly tag: 'failure' | 'error' | 'skipped'
    readonly type?: string
    readonly message: string
    readonly text: string
  }
  readonly output: string
}

function scenarioCase(result: ScenarioResult): Case {
  const trouble = scenarioTrouble(result)
  return {
    name: result.claim,
    // Dots make packages in Jenkins: cassandra.cordon
    classname: result.id.split('/').slice(0, -1).join('.') || result.id,
    durationMs: result.durationMs,
    ...(trouble === undefined ? {} : { trouble }),
    output: [
      `scenario: ${result.id}`,
      `tags: ${result.tags.join(', ')}`,
      ...(result.numbers ?? []).map(numbersLine),
      ...evidenceLines(result),
    ].join('\n'),
  }
}

// oxlint-disable-next-line typescript/consistent-return -- `undefined` is one of the answers
function scenarioTrouble(result: ScenarioResult): Case['trouble'] {
  const reason = result.reason ?? 'no reason was given'
  const text = [reason, result.hint, result.stack].filter((part) => part !== undefined).join('\n\n')
  switch (result.outcome) {
    case 'fail':
      return { tag: 'failure', type: result.errorClass ?? 'ClaimError', message: reason, text }
    case 'unknown':
      return { tag: 'error', type: result.errorClass ?? 'InconclusiveError', message: reason, text }
    case 'skipped':
      return { tag: 'skipped', message: reason, text: '' }
    case 'pass':
      return undefined
  }
}

function evidenceLines(result: ScenarioResult): string[] {
  return result.evidence.flatMap((evidence: Evidence) => [
    `[${evidence.verdict}] ${evidence.check}: ${evidence.summary}`,
    ...Object.entries(evidence.data ?? {}).map(
      ([name, value]) => `    ${name}: ${formatValue(value, 4_000)}`,
    ),
  ])
}

function runTroubles(summary: RunSummary): Case[] {
  const cases: Case[] = []
  const add = (name: string, type: string, sentences: readonly string[]): void => {
    const [first] = sentences
    if (first === undefined) return
    const more = sentences.length > 1 ? ` (and ${sentences.length - 1} more)` : ''
    cases.push({
      name,
      classname: 'zonefall.run',
      durationMs: 0,
      trouble: { tag: 'error', type, message: first + more, text: sentences.join('\n') },
      output: '',
    })
  }
  add('nothing is left behind', 'LeftoverError', summary.leaks)
  add('every change is undone', 'CleanupError', summary.undoErrors)
  add('the harness works', 'HarnessError', summary.harnessErrors)
  if (summary.interruptedBy !== undefined) {
    add('the run comes to its end', 'InterruptedError', [
      `the run was interrupted by ${summary.interruptedBy}: ${summary.verdictText}`,
    ])
  }
  const explained =
    cases.length > 0 || summary.results.some((r) => r.outcome !== 'pass' && r.outcome !== 'skipped')
  if (summary.exitCode !== 0 && !explained) {
    add('the run has a verdict', 'InconclusiveError', [summary.verdictText])
  }
  return cases
}

function suiteXml(summary: RunSummary, name: string, cases: readonly Case[], start: Date): string {
  const { target } = summary
  const properties = {
    'run.id': summary.runId,
    'run.seed': summary.seed,
    'run.tier': summary.tier,
    'run.verdict': summary.verdictText,
    'target.kind': target.kind,
    'target.context': target.context,
    'target.kubernetes': target.kubernetesVersion,
    'target.zones': target.zones.map((zone) => zone.name).join(', '),
    ...Object.fromEntries(
      target.images.map((image) => [`image ${image.name}`, image.standsBehind]),
    ),
    ...Object.fromEntries(target.differences.map((text, i) => [`difference ${i + 1}`, text])),
  }
  return element(
    'testsuite',
    {
      name,
      tests: String(cases.length),
      failures: String(count(cases, 'failure')),
      errors: String(count(cases, 'error')),
      skipped: String(count(cases, 'skipped')),
      time: seconds(cases.reduce((sum, one) => sum + one.durationMs, 0)),
      timestamp: start.toISOString(),
    },
    [
      element(
        'properties',
        {},
        Object.entries(properties).map(([key, value]) =>
          element('property', { name: key, value }, []),
        ),
      ),
      ...cases.map(caseXml),
    ],
  )
}

function caseXml(one: Case): string {
  const { trouble } = one
  const children: string[] = []
  if (trouble !== undefined) {
    const type: Record<string, string> = trouble.type === undefined ? {} : { type: trouble.type }
    children.push(textElement(trouble.tag, { message: trouble.message, ...type }, trouble.text))
  }
  if (one.output !== '') children.push(textElement('system-out', {}, one.output))
  return element(
    'testcase',
    { name: one.name, classname: one.classname, time: seconds(one.durationMs) },
    children,
  )
}

function count(cases: readonly Case[], tag: 'failure' | 'error' | 'skipped'): number {
  return cases.filter((one) => one.trouble?.tag === tag).length
}

function startOf(summary: RunSummary, results: readonly ScenarioResult[]): Date {
  const first = Math.min(...results.map((result) => result.startedAtMs))
  return new Date(Date.parse(summary.startedAt) + first)
}

/** Seconds with three digits: both schemas read no exponents and no thousands separators. */
function seconds(ms: number): string {
  return (Math.max(0, Number.isFinite(ms) ? ms : 0) / 1000).toFixed(3)
}

function element(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly string[],
): string {
  const open = `<${tag}${attributesXml(attributes)}`
  if (children.length === 0) return `${open}/>`
  const inner = children.map((child) => indent(child)).join('\n')
  return `${open}>\n${inner}\n</${tag}>`
}

function textElement(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  text: string,
): string {
  const content = escapeXml(boundText(cleanText(text), TEXT_LIMIT).trimEnd())
  return `<${tag}${attributesXml(attributes)}>${content}</${tag}>`
}

function attributesXml(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(cleanLine(boundText(value, MESSAGE_LIMIT)))}"`)
    .join('')
}

/** Escaped for content and attributes alike; `>` too, because of `]]>`. Takes cleaned text. */
function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Lines that begin with a tag are ours: in texts every `<` is escaped, and their lines stay as they are. */
function indent(xml: string): string {
  return xml.replaceAll(/^ *</gm, '  $&')
}
