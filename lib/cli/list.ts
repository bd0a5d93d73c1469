import { Command, Option } from 'commander'
import { collectScenarios } from '../engine/collect.ts'
import { selectScenarios } from '../engine/select.ts'
import type { ScenarioInfo, ScenarioNeeds, Tier } from '../model/scenario.ts'
import { TARGETS, type TargetOptions } from './choose-target.ts'
import { list, oneOf } from './options.ts'
import { tierOption } from './run.ts'
import { type Judged, judgeScenarios } from './runs-where.ts'

interface ListFlags extends Partial<TargetOptions> {
  readonly tier?: Tier
  readonly tags?: string[]
  readonly json?: boolean
}

/** `zonefall list`. */
export function listCommand(): Command {
  return new Command('list')
    .description('list scenarios with their tier, tags and what they need')
    .argument('[filter...]', 'scenarios or files, by the beginning or any part of their id')
    .addOption(tierOption('full'))
    .option('--tags <tags>', 'only scenarios with one of these tags: a,b', list)
    .addOption(
      new Option(
        '--target <target>',
        'say which of them run there, and what the others lack: lab, kubeconfig, eks',
      ).argParser(oneOf(TARGETS)),
    )
    .option('--context <name>', 'look at that cluster: its zones count then too')
    .option('--kubeconfig <path>', 'default: KUBECONFIG, then ~/.kube/config')
    .option('--node-groups <names>', 'only these of the node groups that the consent names', list)
    .option('--config <file>', 'default: ZONEFALL_CONFIG, then zonefall.config.ts')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  npx zonefall list cassandra --tier smoke
  npx zonefall list --target kubeconfig --context staging   which of them run there`,
    )
    .action(async (filters: string[], flags: ListFlags) => {
      const selected = selectScenarios(await collectScenarios(), {
        filters,
        tier: flags.tier ?? 'full',
        tags: flags.tags ?? [],
      })
      const judged = await judgeScenarios(selected, flags)
      console.log(flags.json ? JSON.stringify(judged, null, 2) : table(judged))
    })
}

/** What a scenario needs, in words. */
export function needsInWords({ zones, nodesPerZone, capabilities = [] }: ScenarioNeeds): string {
  return [
    ...(zones === undefined ? [] : [`${zones} zones`]),
    ...(nodesPerZone === undefined ? [] : [`${nodesPerZone} nodes in each zone`]),
    ...capabilities,
  ].join(', ')
}

function table(scenarios: readonly (ScenarioInfo & Partial<Judged>)[]): string {
  const lines: string[] = []
  let file = ''
  for (const info of scenarios) {
    if (info.file !== file) lines.push(`${lines.length > 0 ? '\n' : ''}${info.file}`)
    file = info.file
    const { tier = 'nightly', tags, needs, typicalSeconds } = info.options
    lines.push(`  ${info.claim}`)
    const facts = [
      `tier ${tier}`,
      `tags ${tags.join(', ') || 'none'}`,
      ...(needs ? [`needs ${needsInWords(needs)}`] : []),
      ...(typicalSeconds === undefined ? [] : [`about ${typicalSeconds} s`]),
    ]
    lines.push(`    ${info.id}`, `    ${facts.join(' · ')}`)
    if (info.lacks !== undefined) {
      lines.push(
        info.lacks.length === 0 ? '    runs' : `    skipped: needs ${info.lacks.join(' and ')}`,
      )
    }
  }
  const judged = scenarios.filter(({ lacks }) => lacks !== undefined)
  if (judged.length > 0) {
    const run = judged.filter(({ lacks = [] }) => lacks.length === 0).length
    lines.push('', `${run} of ${judged.length} run there.`)
  }
  return lines.join('\n')
}
