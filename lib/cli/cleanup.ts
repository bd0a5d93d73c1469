import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { findInterruptedRuns, recoverRun, type Recovery } from '../engine/recover.ts'
import { CleanupError, PreflightError } from '../model/errors.ts'
import { printAudit } from './audit.ts'
import type { TargetOptions } from './choose-target.ts'
import { cleanUpMigration } from './cleanup-migration.ts'
import { DEFAULT_OUT, namespaceName } from './options.ts'
import { targetOptions } from './run.ts'

interface CleanupFlags extends TargetOptions {
  readonly run?: string
  readonly out: string
  readonly audit: boolean
  readonly region?: string
  readonly migration?: string
  readonly onlySnapshots: boolean
  readonly discardWrites: boolean
  readonly json?: boolean
}

/** `zonefall cleanup`. */
export function cleanupCommand(): Command {
  return targetOptions(new Command('cleanup'))
    .description('undo what interrupted or kept runs left')
    .option('--run <id>', 'only this run; the beginning of its id will do')
    .option('--out <folder>', "folder with the runs' folders", DEFAULT_OUT)
    .option(
      '--audit',
      'undo nothing, and list what on the target carries the mark of a run: objects, volumes, ' +
        'snapshots, network interfaces and ACLs, instances; exit code 4 if there is any',
      false,
    )
    .option('--region <region>', 'audit the account alone, when the cluster is gone: --target eks')
    .addOption(
      new Option(
        '--migration <id>',
        'undo what `migrate run` made under this id, wherever it was cut off: nothing that it copied',
      )
        .argParser(namespaceName)
        .conflicts(['run', 'audit']),
    )
    .option('--only-snapshots', 'of a migration delete the snapshots alone', false)
    .option(
      '--discard-writes',
      'undo a migration although pods may have written to the copies, or what was copied is gone',
      false,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  npx zonefall cleanup --run 20261121-063012-k3f9
  npx zonefall cleanup --audit --target kubeconfig --context staging
  npx zonefall cleanup --migration migration-0a1b2c3d4e --target eks --context staging`,
    )
    .action(async (flags: CleanupFlags) => {
      if (flags.audit) return printAudit(flags)
      const { migration } = flags
      if (migration !== undefined) return cleanUpMigration({ ...flags, migration })
      refuseLonely(flags)
      const out = resolve(flags.out)
      const all = await findInterruptedRuns(out)
      const chosen = all.filter(({ file }) => file.runId.startsWith(flags.run ?? ''))
      if (flags.run !== undefined && chosen.length === 0) {
        throw new PreflightError(`No run ${flags.run} in ${out} has anything to undo.`, {
          hint: `Runs that have: ${all.map(({ file }) => file.runId).join(', ') || 'none'}.`,
        })
      }
      const recoveries: Recovery[] = []
      for (const run of chosen) {
        const recovery = await recoverRun(run)
        recoveries.push(recovery)
        if (!flags.json) console.log(recovery.text)
      }
      if (flags.json) {
        const answers = recoveries.map(({ run, outcome, text }) => ({
          run: run.file.runId,
          outcome,
          text,
        }))
        console.log(JSON.stringify(answers, null, 2))
      } else if (recoveries.length === 0) {
        console.log('There is nothing to undo.')
      }
      const left = recoveries.filter(({ outcome }) => !['undone', 'gone'].includes(outcome))
      if (left.length > 0) {
        throw new CleanupError(
          `${left.length} of ${recoveries.length} runs could not be undone: ${left.map(({ run }) => run.file.runId).join(', ')}.`,
          { hint: 'What each still has to undo is in its journal.ndjson.' },
        )
      }
    })
}

/** Options that mean nothing without --migration: a run's snapshots and writes are its own. */
function refuseLonely({ onlySnapshots, discardWrites }: CleanupFlags): void {
  if (!onlySnapshots && !discardWrites) return
  const option = onlySnapshots ? '--only-snapshots' : '--discard-writes'
  throw new PreflightError(`${option} is of a migration.`, { hint: 'Name it by --migration.' })
}
