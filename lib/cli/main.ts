import { CommanderError } from 'commander'
import { reportError } from './errors.ts'
import { makeProgram } from './program.ts'

try {
  await makeProgram().parseAsync()
} catch (error) {
  // Commander has already said what it had to say.
  process.exitCode =
    error instanceof CommanderError ? (error.exitCode === 0 ? 0 : 3) : reportError(error)
}
// Connections that are kept alive, and pipes to a lab that stays up, must not keep the process.
process.exit()
