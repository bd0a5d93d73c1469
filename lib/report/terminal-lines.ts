import { join } from 'node:path'
import { styleText } from 'node:util'
import type { Evidence, ScenarioOutcome, ScenarioResult } from '../model/scenario.ts'
import { countOutcomes, type OutcomeCounts, type RunSummary } from '../model/summary.ts'
import { numbersLine } from './fault-numbers.ts'
import { cleanLine, cutLine, formatDuration, formatValue, wrapText } from './text.ts'

/** How lines are made: with which colours, and how wide. */
export interface LineStyle {
  readonly color: boolean
  /** Lines are wrapped to this many columns; undefined: never (logs are read by programs too). */
  readonly columns: number | undefined
}

export type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold' | 'cyan'

const MARKS: Record<ScenarioOutcome, readonly [string, Colour]> = {
  pass: ['✔', 'green'],
  fail: ['✘', 'red'],
  unknown: ['?', 'yellow'],
  skipped: ['-', 'dim'],
}
const EVIDENCE_MARKS: Record<Evidence['verdict'], readonly [string, Colour]> = {
  true: ['✔', 'green'],
  false: ['✘', 'red'],
  unknown: ['?', 'yellow'],
}
const MAX_EVIDENCE = 30
const MAX_FIELDS = 12
const MAX_TEXT = 2_000
const MAX_STACK_LINES = 8
const NARROWEST = 10

export function paint(text: string, colour: Colour, style: LineStyle): string {
  return style.color ? styleText(colour, text, { validateStream: false }) : text
}

/** A text behind a mark, its further lines below its first word; `mark` is one column wide. */
export function markedLines(
  mark: string,
  text: string,
  style: LineStyle,
  look: { readonly indent?: number; readonly mark?: Colour; readonly text?: Colour } = {},
): string[] {
  const indent = look.indent ?? 0
  const lead = ' '.repeat(indent)
  const wide = mark === '' ? 0 : 2
  const body =
    style.columns === undefined
      ? [cleanLine(text)]
      : wrapText(text, Math.max(NARROWEST, style.columns - indent - wide))
  return body.map((line, index) => {
    const first = index === 0 && mark !== ''
    const head = first ? `${look.mark ? paint(mark, look.mark, style) : mark} ` : ' '.repeat(wide)
    return lead + head + (look.text ? paint(line, look.text, style) : line)
  })
}

/**
 * A finished scenario: its claim and time, when it is not green why, what its faults did, and the
 * numbers of its charts.
 */
export function resultLines(result: ScenarioResult, style: LineStyle): string[] {
  const [mark, colour] = MARKS[result.outcome]
  if (result.outcome === 'skipped') {
    const text = `${result.claim} (skipped: ${result.reason ?? 'no reason was given'})`
    return markedLines(mark, text, style, { mark: colour, text: 'dim' })
  }
  const title = `${cutLine(result.claim, MAX_TEXT)} (${formatDuration(result.durationMs)})`
  const lines = markedLines(mark, title, style, { mark: colour })
  if (result.outcome !== 'pass') lines.push(...troubleLines(result, style))
  for (const numbers of result.numbers ?? []) {
    lines.push(...markedLines('', numbersLine(numbers), style, { indent: 4, text: 'dim' }))
  }
  for (const { chart } of result.evidence) {
    for (const { label, text } of chart?.bars ?? []) {
      lines.push(...markedLines('', `${label}: ${text}`, style, { indent: 4, text: 'dim' }))
    }
  }
  return lines
}

function troubleLines(result: ScenarioResult, style: LineStyle): string[] {
  const { reason = 'no reason was given', errorClass, hint, evidence, stack } = result
  const lines = markedLines(
    '',
    `${errorClass === undefined ? '' : `${errorClass}: `}${reason.slice(0, MAX_TEXT)}`,
    style,
    { indent: 4, text: result.outcome === 'fail' ? 'red' : 'yellow' },
  )
  if (hint !== undefined) lines.push(...markedLines('→', hint, style, { indent: 4, mark: 'cyan' }))
  for (const one of evidence.slice(0, MAX_EVIDENCE)) lines.push(...evidenceLines(one, style))
  const left = evidence.length - MAX_EVIDENCE
  if (left > 0) lines.push(`    … ${left} more in the report`)
  // Where a claim failed the stack says little; where the harness broke it says where.
  if (result.foreign && stack !== undefined) {
    for (const line of stack.split('\n').slice(1, 1 + MAX_STACK_LINES)) {
      lines.push(...markedLines('', line.trim(), style, { indent: 6, text: 'dim' }))
    }
  }
  return lines
}

function evidenceLines(evidence: Evidence, style: LineStyle): string[] {
  const [mark, colour] = EVIDENCE_MARKS[evidence.verdict]
  const good = evidence.verdict === 'true'
  const text = `${evidence.check}: ${evidence.summary.slice(0, MAX_TEXT)}`
  const look = good
    ? { indent: 4, mark: colour, text: 'dim' as const }
    : { indent: 4, mark: colour }
  const lines = markedLines(mark, text, style, look)
  if (good) return lines
  for (const [name, value] of Object.entries(evidence.data ?? {}).slice(0, MAX_FIELDS)) {
    const field = `${name}: ${formatValue(value, 300)}`
    lines.push(...markedLines('', field, style, { indent: 8, text: 'dim' }))
  }
  return lines
}

/**
 * The end of a run: what is wrong beside the scenarios, those that are not green, the verdict, where
 * the report is, and as the last line the counts.
 */
export function summaryLines(summary: RunSummary, reportDir: string, style: LineStyle): string[] {
  const lines: string[] = []
  const group = (title: string, sentences: readonly string[]): void => {
    if (sentences.length === 0) return
    lines.push(paint(title, 'bold', style))
    for (const sentence of sentences) {
      lines.push(...markedLines('✘', sentence, style, { indent: 2, mark: 'red' }))
    }
  }
  group('Not undone:', summary.undoErrors)
  group('Left behind:', summary.leaks)
  group('The harness itself:', summary.harnessErrors)
  const open = summary.results.filter(({ outcome }) => outcome === 'fail' || outcome === 'unknown')
  if (open.length > 0) lines.push(paint('Not green:', 'bold', style))
  for (const { outcome, id, reason } of open) {
    const [mark, colour] = MARKS[outcome]
    const text = cutLine(`${id}: ${reason ?? 'no reason was given'}`, 300)
    lines.push(...markedLines(mark, text, style, { indent: 2, mark: colour }))
  }
  if (lines.length > 0) lines.push('')
  const [mark, colour] =
    MARKS[summary.exitCode === 0 ? 'pass' : summary.exitCode === 2 ? 'unknown' : 'fail']
  const how = summary.interruptedBy === undefined ? '' : ` (${summary.interruptedBy})`
  const verdict = `${summary.verdictText}${how}, after ${formatDuration(summary.durationMs)}`
  lines.push(...markedLines(mark, verdict, style, { mark: colour, text: 'bold' }))
  // Not wrapped: a path that is broken can't be opened.
  lines.push(`  report: ${cleanLine(join(reportDir, 'report.html'))}`)
  lines.push(countsLine(countOutcomes(summary.results)))
  return lines
}

/** The last line of every run; programs read it, so it has no colours. */
function countsLine(counts: OutcomeCounts): string {
  const { pass, fail, unknown, skipped } = counts
  return `${pass} passed, ${fail} failed, ${unknown} unknown, ${skipped} skipped`
}
