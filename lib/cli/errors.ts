import { InterruptedError } from '../engine/interrupts.ts'
import { CleanupError, PreflightError, ZonefallError } from '../model/errors.ts'
import type { ExitCode } from '../model/summary.ts'

/** The exit code of a command that ended with an error. */
function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof PreflightError) return 3
  if (error instanceof CleanupError) return 4
  if (error instanceof InterruptedError) return error.reason === 'SIGTERM' ? 143 : 130
  return 5
}

/** Says on stderr what went wrong and what to do, and returns the exit code. */
export function reportError(error: unknown): ExitCode {
  console.error(describeError(error))
  return exitCodeOf(error)
}

/** One sentence with its cause, the hint below; of a defect of zonefall's own also the stack. */
function describeError(error: unknown): string {
  if (error instanceof InterruptedError) return sentence(error.message)
  if (error instanceof ZonefallError) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message.split('\n')[0]})` : ''
    const repeats = error.cause instanceof Error && error.message.includes(error.cause.message)
    const hint = error.hint === undefined || error.hint === '' ? '' : `\n  ${error.hint}`
    return `error: ${error.message}${repeats ? '' : cause}${hint}`
  }
  return `error: zonefall itself broke: ${error instanceof Error ? error.stack : String(error)}`
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1)
  return capital.endsWith('.') ? capital : `${capital}.`
}
