import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { type LineStyle, markedLines, paint } from '../report/terminal-lines.ts'
import { LiveRegion } from '../report/terminal-live.ts'
import { cleanText, formatDuration } from '../report/text.ts'
import { addCounts, type Counts, formatCounts, NONE } from './check/counts.ts'
import { runStep, type StepResult } from './check/run-step.ts'
import { type CheckStep, checkSteps, stepFile } from './check/steps.ts'

/**
 * `npm run check`: the project's own tests. One line per step, the output of a step only when it is
 * red, and as the last line `N passed, N failed, N skipped` over all steps and tests.
 */

const ROOT = join(import.meta.dirname, '../..')
const MAX_SKIPPED_SHOWN = 20

async function main(): Promise<number> {
  const steps = checkSteps(ROOT)
  const chosen = parse(steps)
  const interrupted = new AbortController()
  let exitCode = 0
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(name, () => {
      exitCode = code
      interrupted.abort()
    })
  }
  const show = createView()
  let total = NONE
  for (const step of chosen) {
    if (interrupted.signal.aborted) break
    show.begin(step)
    const result = await runStep(ROOT, step, interrupted.signal)
    show.end(step, result)
    total = addCounts(total, result.counts)
  }
  show.finish(total)
  return exitCode === 0 && (total.failed > 0 || total.passed === 0) ? 1 : exitCode
}

function parse(steps: readonly CheckStep[]): readonly CheckStep[] {
  const names = steps.map(({ name }) => name)
  const add = (name: string, before: readonly string[] = []): readonly string[] => {
    if (!names.includes(name)) throw new InvalidArgumentError(`Steps are: ${names.join(', ')}.`)
    return [...before, name]
  }
  const program = new Command('npm run check --')
    .description("Runs the project's own tests.")
    .option('--only <step>', 'run this step alone; may be given more than once', add)
    .addHelpText(
      'after',
      `\nSteps:\n${steps.map(({ name, about }) => `  ${name.padEnd(9)} ${about}`).join('\n')}\n\n` +
        'Example:\n  npm run check -- --only lint --only unit\n',
    )
    .allowExcessArguments(false)
    .parse()
  const { only } = program.opts<{ only?: readonly string[] }>()
  return only === undefined ? steps : steps.filter(({ name }) => only.includes(name))
}

interface View {
  begin(step: CheckStep): void
  end(step: CheckStep, result: StepResult): void
  finish(total: Counts): void
}

function createView(): View {
  const { stdout } = process
  const isTTY = stdout.isTTY && process.env['TERM'] !== 'dumb' && !process.env['CI']
  const color = isTTY && (process.env['NO_COLOR'] ?? '') === ''
  const style: LineStyle = { color, columns: undefined }
  let current: { readonly name: string; readonly beganMs: number } | undefined
  const live = new LiveRegion(stdout, () =>
    current === undefined
      ? []
      : [{ indent: 0, text: current.name, elapsed: passed(performance.now() - current.beganMs) }],
  )
  const print = (lines: readonly string[]): void => {
    if (isTTY) live.print(lines)
    else if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`)
  }
  // Nobody reads any more: the steps still have to be ended in order.
  stdout.on('error', () => {})
  return {
    begin: ({ name }) => {
      current = { name, beganMs: performance.now() }
      print([])
    },
    end: (step, result) => {
      current = undefined
      print(stepLines(step, result, style))
    },
    finish: (total) => {
      print([formatCounts(total)])
      if (isTTY) live.stop()
    },
  }
}

function passed(ms: number): string {
  return `(${formatDuration(ms)})`
}

function stepLines(step: CheckStep, result: StepResult, style: LineStyle): string[] {
  const { counts, reason, durationMs, skippedTests, tail } = result
  const name = step.name.padEnd(9)
  if (counts.failed === 0 && counts.passed === 0) {
    return markedLines('-', `${name} skipped: ${reason ?? 'nothing to do'}`, style, { mark: 'dim' })
  }
  const tests = step.counts === 'vitest' ? `  ${formatCounts(counts)}` : ''
  const why = reason === undefined ? '' : `  ${reason}`
  const line = `${name} ${formatDuration(durationMs).padEnd(7)}${tests}${why}`.trimEnd()
  const lines = counts.failed > 0 ? [red(line, style)] : [`${paint('✔', 'green', style)} ${line}`]
  for (const test of skippedTests.slice(0, MAX_SKIPPED_SHOWN)) {
    lines.push(...markedLines('-', `skipped: ${test}`, style, { indent: 2, mark: 'dim' }))
  }
  const more = skippedTests.length - MAX_SKIPPED_SHOWN
  if (more > 0) lines.push(`  … and ${more} more`)
  if (counts.failed > 0) {
    lines.push(...tail.map((text) => `    ${cleanText(text)}`.trimEnd()))
    lines.push(`  all of it: ${stepFile(step.name, 'log')}`)
  }
  return lines
}

function red(line: string, style: LineStyle): string {
  return `${paint('✘', 'red', style)} ${line}`
}

process.exitCode = await main()
