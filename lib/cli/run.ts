import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { accessOf } from '../config/settings.ts'
import { collectScenarios } from '../engine/collect.ts'
import { Interrupts } from '../engine/interrupts.ts'
import { selectScenarios } from '../engine/select.ts'
import { superviseRun } from '../engine/supervisor.ts'
import { type ScenarioInfo, type Tier, TIERS } from '../model/scenario.ts'
import { createReporter } from '../report/terminal.ts'
import { toReportJson } from '../report/json.ts'
import { randomLetters } from '../std/ids.ts'
import { redactData } from '../std/redact.ts'
import { checkManifests, checkRequired, checkSabotage } from './check-options.ts'
import { refuseDear } from './refuse-dear.ts'
import { chooseTarget, TARGETS, type TargetOptions, TIMERS } from './choose-target.ts'
import {
  amount,
  count,
  DEFAULT_OUT,
  duration,
  effectiveTier,
  list,
  namedPath,
  namespaceName,
  oneOf,
} from './options.ts'

interface RunFlags extends TargetOptions {
  readonly tier?: Tier
  readonly tags?: string[]
  readonly require?: string[]
  readonly seed?: string
  readonly out: string
  readonly keep: boolean
  readonly manifests?: Record<string, string>
  readonly timeLimit?: number
  readonly parallel?: number
  readonly prices?: string
  readonly budgetUsd?: number
  readonly json?: boolean
}

/** `zonefall run`. */
export function runCommand(): Command {
  return costOptions(targetOptions(new Command('run')))
    .description('run scenarios on a target, undo everything, and report')
    .argument('[filter...]', 'scenarios or files, by the beginning or any part of their id')
    .addOption(tierOption())
    .option('--tags <tags>', 'only scenarios with one of these tags: a,b', list)
    .option(
      '--require <tags>',
      'a skipped scenario with one of these tags counts as unknown: a,b',
      list,
    )
    .option('--seed <seed>', 'repeat the random choices of another run')
    .option('--namespace <name>', 'namespace for what is deployed', namespaceName)
    .option('--out <folder>', "folder for the runs' folders", DEFAULT_OUT)
    .option('--keep', 'leave what was deployed, and the lab, for a look; faults are healed', false)
    .option('--manifests <name=path>', 'your own manifests in place of manifests/NAME', namedPath)
    .addOption(
      new Option(
        '--timers <which>',
        "on the lab: eks (Kubernetes' timers as on EKS), short (shorter where flags can)",
      ).argParser(oneOf(TIMERS)),
    )
    .option('--time-limit <time>', 'stop, undo and report after this long: 90s, 20m, 2h', duration)
    .option(
      '--parallel <files>',
      'so many files of scenarios at once, of those whose faults reach no further than what they deployed (default: 2 where nodes and, on the lab, processors have room, else 1)',
      count,
    )
    .option('--json', 'print the report as JSON on stdout, progress on stderr')
    .addHelpText(
      'after',
      `
Examples:
  npx zonefall run                                  the smoke tier on the lab
  npx zonefall run cassandra/cordon                 one file's, or those whose id has that in it
  npx zonefall run --tier nightly --time-limit 1h
  npx zonefall run --target kubeconfig --context staging

Exit codes: 0 pass, 1 a scenario failed, 2 a verdict is unknown, 3 refused before anything was
touched, 4 something could not be undone, 5 the harness itself broke, 130/143 interrupted.`,
    )
    .action((filters: string[], flags: RunFlags) => run(filters, flags))
}

/** The first parts of the scenarios' ids. */
function systemsOf(scenarios: readonly ScenarioInfo[]): string[] {
  return [...new Set(scenarios.map(({ id }) => id.slice(0, id.indexOf('/'))))]
}

export function tierOption(byDefault = 'smoke; full with a filter'): Option {
  return new Option(
    '--tier <tier>',
    `how much: smoke, nightly (all but the long timers), full (default: ${byDefault})`,
  ).argParser(oneOf(TIERS))
}

export function targetOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--target <target>', 'where: lab, eks, kubeconfig (any cluster, without EC2)')
        .argParser(oneOf(TARGETS))
        .default('lab'),
    )
    .option('--context <name>', 'context of the kubeconfig; must be named when it is not the lab')
    .option('--kubeconfig <path>', 'default: KUBECONFIG, then ~/.kube/config')
    .option('--node-groups <names>', 'only these of the node groups that the consent names', list)
    .option('--max-blast-radius <nodes>', 'how many nodes one fault may hit at once: 10', count)
    .option('--config <file>', 'default: ZONEFALL_CONFIG, then zonefall.config.ts')
}

/** The options that say what a run may cost. */
export function costOptions(command: Command): Command {
  return command
    .option(
      '--budget-usd <amount>',
      'refuse a run that may cost more, the hours of its cluster included',
      amount,
    )
    .option('--prices <file>', "JSON with prices in place of the project's own list")
}

async function run(filters: readonly string[], flags: RunFlags): Promise<void> {
  const sabotage = checkSabotage(flags.target)
  const known = await collectScenarios()
  const tier = effectiveTier(flags.tier, filters)
  const selected = selectScenarios(known, { filters, tier, tags: flags.tags ?? [] })
  checkRequired(flags.require ?? [], known)
  const manifests = await checkManifests(flags.manifests ?? {}, selected)
  const target = await chooseTarget({ ...flags, systems: systemsOf(selected) })
  if (flags.budgetUsd !== undefined) await refuseDear(known, filters, flags, flags.budgetUsd)

  const reporter = createReporter({ stream: flags.json ? process.stderr : process.stdout })
  const interrupts = new Interrupts()
  const stopListening = interrupts.listen((reason, isSecond) =>
    reporter.message(
      isSecond
        ? `${reason} again: stopping at once.`
        : `${reason}: stopping the scenarios, then undoing and reporting. Again to stop at once.`,
    ),
  )
  try {
    const { dir, summary } = await superviseRun({
      target,
      selected,
      known,
      reporter,
      interrupts,
      seed: flags.seed ?? randomLetters(8),
      out: resolve(flags.out),
      options: {
        tier,
        keep: flags.keep,
        manifests,
        access: accessOf(flags.settings ?? {}),
        require: flags.require ?? [],
        ...(sabotage === undefined ? {} : { sabotage }),
        ...(flags.timeLimit === undefined ? {} : { timeLimitMs: flags.timeLimit }),
        ...(flags.parallel === undefined ? {} : { parallel: flags.parallel }),
      },
    })
    reporter.finish(summary, dir)
    if (flags.json) process.stdout.write(toReportJson(redactData(summary)))
    process.exitCode = summary.exitCode
  } finally {
    stopListening()
  }
}
