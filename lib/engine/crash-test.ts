import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { explainApiError } from '../kube/cluster.ts'
import { ZonefallError } from '../model/errors.ts'
import { boundText, cleanLine, formatDuration } from '../report/text.ts'
import { CrashBench, type CrashOutcome, RECOVERIES, type Recovery } from './testing/crash-bench.ts'
import { CRASH_DEFECTS as DEFECTS, type CrashDefect } from './testing/crash-hook.ts'
import { CRASH_FAULTS, type CrashFaultName, EVERY_KIND } from './testing/crash-faults.ts'

/**
 * `npm run crash-test`: kills the supervisor at every step of the journal of every fault, has what
 * is left undone, and looks whether all is as before. One line per case, and as the last line
 * `N passed, N failed, N skipped`.
 */

/** More steps than any fault has: a run that never comes to its end is not tried for ever. */
const MAX_STEPS = 60

interface Flags {
  readonly fault?: readonly CrashFaultName[]
  readonly step?: number
  readonly from?: { readonly fault: CrashFaultName; readonly step: number }
  readonly recovery?: Recovery
  readonly defect?: CrashDefect
  readonly lab: string
}

const NAMES = Object.keys(CRASH_FAULTS).filter((name) => isFault(name) && name !== EVERY_KIND)

async function main(): Promise<number> {
  const flags = parse()
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const out = await mkdtemp(join(tmpdir(), 'zonefall-crash-'))
  const beganMs = performance.now()
  {
    await using bench = await CrashBench.start(flags.lab, out)
    const chosen = chosenFaults(flags)
    for (const [index, fault] of chosen.entries()) {
      const from = flags.from?.fault === fault ? flags.from.step : 1
      try {
        for (let step = flags.step ?? from; step <= (flags.step ?? MAX_STEPS); step += 1) {
          const recovery = flags.recovery ?? recoveryOf(step)
          const defect = flags.defect === undefined ? {} : { defect: flags.defect }
          const outcome = await bench.run({ fault, step, recovery, ...defect })
          counts[outcome.problems.length === 0 ? 'passed' : 'failed'] += 1
          print(`${fault}:${step}`, recovery, outcome)
          if (outcome.killedAt === undefined) break
          if (flags.step !== undefined || step < MAX_STEPS) continue
          counts.failed += 1
          console.log(`✘  ${fault}: not at its end after ${MAX_STEPS} steps; raise MAX_STEPS`)
        }
      } catch (error) {
        // Nothing that is tried on a lab which is not as it should be says anything.
        counts.failed += 1
        counts.skipped = chosen.length - index - 1
        console.log(`✘  ${fault}: the lab is not as it should be: ${explainApiError(error)}`)
        break
      }
    }
  }
  if (counts.failed === 0) await rm(out, { recursive: true })
  console.log(`done in ${formatDuration(performance.now() - beganMs)}`)
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  return counts.failed === 0 && counts.skipped === 0 && counts.passed > 0 ? 0 : 1
}

/** A share of the cases is recovered by the next run, and a share by a clean-up that dies too. */
function recoveryOf(step: number): Recovery {
  if (step % 4 === 0) return 'next-run'
  return step % 4 === 2 ? 'cleanup-killed' : 'cleanup'
}

function chosenFaults({ fault: chosen = NAMES, from }: Flags): readonly CrashFaultName[] {
  return from === undefined ? chosen : chosen.slice(Math.max(0, chosen.indexOf(from.fault)))
}

function print(id: string, recovery: Recovery, outcome: CrashOutcome): void {
  const { killedAt, problems, elapsedMs, recoveryMs } = outcome
  const mark = problems.length === 0 ? '✔' : '✘'
  const what = killedAt ? `${killedAt.text}; ${recovery}` : 'goes to its end'
  const times = `${formatDuration(elapsedMs)}, of this recovery ${formatDuration(recoveryMs)}`
  console.log(cleanLine(`${mark}  ${id.padEnd(26)} ${what} (${times})`))
  for (const problem of problems) console.log(boundText(`     ${cleanLine(problem)}`, 4000))
}

function parse(): Flags {
  const program = new Command('npm run crash-test --')
    .description("Kills the supervisor at every step of every fault's journal; needs the lab.")
    .option('--fault <name>', 'this fault alone; may be given more than once', addFault)
    .option('--step <number>', 'this step alone, counted from 1', stepNumber)
    .option('--from <fault:step>', 'go on where an earlier crash test ended', place)
    .option('--recovery <how>', `always this one of ${RECOVERIES.join(', ')}`, recovery)
    .option('--defect <name>', `plant one, which must be red: ${DEFECTS.join(', ')}`, plantedDefect)
    .option('--lab <name>', 'which lab; one that is up is used and left up', 'crash-test')
    .addHelpText(
      'after',
      `\nFaults: ${NAMES.join(', ')}\n\nExample:\n  npm run crash-test -- --fault power-cut --step 3`,
    )
    .allowExcessArguments(false)
    .parse()
  return program.opts<Flags>()
}

function addFault(value: string, before: readonly CrashFaultName[] = []): CrashFaultName[] {
  if (!isFault(value)) throw new InvalidArgumentError(`Faults are: ${NAMES.join(', ')}.`)
  return [...before, value]
}

function stepNumber(value: string): number {
  if (/^[1-9]\d*$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It must be a number from 1.')
}

function place(value: string): Flags['from'] {
  const [fault = '', step = '1'] = value.split(':')
  if (!isFault(fault)) throw new InvalidArgumentError('It must look like power-cut:3.')
  return { fault, step: stepNumber(step) }
}

function recovery(value: string): Recovery {
  const found = RECOVERIES.find((known) => known === value)
  if (found === undefined) throw new InvalidArgumentError(`It is one of ${RECOVERIES.join(', ')}.`)
  return found
}

function plantedDefect(value: string): CrashDefect {
  const found = DEFECTS.find((known) => known === value)
  if (found === undefined) throw new InvalidArgumentError(`It is one of ${DEFECTS.join(', ')}.`)
  return found
}

function isFault(name: string): name is CrashFaultName {
  return Object.hasOwn(CRASH_FAULTS, name)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof ZonefallError)) throw error
  console.error(`error: ${error.message}`)
  process.exitCode = 3
}
