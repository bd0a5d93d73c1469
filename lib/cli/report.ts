import { resolve } from 'node:path'
import { Command } from 'commander'
import { findRun, readRun } from '../report/read-run.ts'
import { toReportJson } from '../report/json.ts'
import { showRun } from '../report/show.ts'
import { redactData } from '../std/redact.ts'
import { DEFAULT_OUT } from './options.ts'

interface ReportFlags {
  readonly out: string
  readonly json?: boolean
}

/** `zonefall report`. */
export function reportCommand(): Command {
  return new Command('report')
    .description('print a past run as it was printed at its end; without RUN the newest')
    .argument('[run]', "a run's id, or the beginning of it")
    .option('--out <folder>', "folder with the runs' folders", DEFAULT_OUT)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  npx zonefall report 20261121-063012')
    .action(async (run: string | undefined, flags: ReportFlags) => {
      const reportsDir = resolve(flags.out)
      if (flags.json) {
        const { summary } = await readRun(await findRun(reportsDir, run))
        process.stdout.write(toReportJson(redactData(summary)))
        return
      }
      const chosen = run === undefined ? {} : { run }
      await showRun({ reportsDir, stream: process.stdout, ...chosen })
    })
}
