import { Command } from 'commander'
import { cleanupCommand } from './cleanup.ts'
import { doctorCommand } from './doctor.ts'
import { initCommand } from './init.ts'
import { labCommand } from './lab.ts'
import { listCommand } from './list.ts'
import { migrateCommand } from './migrate.ts'
import { planCommand } from './plan.ts'
import { reportCommand } from './report.ts'
import { runCommand } from './run.ts'
import { settle } from './settle.ts'

/** The command line. Usage errors throw commander's error after one sentence on stderr. */
export function makeProgram(): Command {
  const program = new Command('zonefall')
    .description('Proves that a database on Kubernetes survives the loss of an availability zone.')
    .enablePositionalOptions()
    .hook('preAction', (_program, command) => settle(command))
    .addHelpText(
      'after',
      '\nExample:\n  npx zonefall run cassandra/cordon    one file of scenarios, on the lab',
    )
  const commands = [
    runCommand(),
    listCommand(),
    planCommand(),
    doctorCommand(),
    initCommand(),
    cleanupCommand(),
    reportCommand(),
    labCommand(),
    migrateCommand(),
  ]
  for (const command of commands) program.addCommand(command)
  for (const command of [program, ...commands]) {
    command.exitOverride().showSuggestionAfterError()
  }
  return program
}
