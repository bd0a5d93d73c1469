import { Command } from 'commander'
import { collectScenarios } from '../engine/collect.ts'
import { selectScenarios } from '../engine/select.ts'
import type { ScenarioInfo, ScenarioNeeds, Tier } from '../model/scenario.ts'
import { list } from './options.ts'
import { tierOption } from './run.ts'

interface ListFlags {
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
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  npx zonefall list cassandra --tier smoke')
    .action(async (filters: string[], flags: ListFlags) => {
      const selected = selectScenarios(await collectScenarios(), {
        filters,
        tier: flags.tier ?? 'full',
        tags: flags.tags ?? [],
      })
      console.log(flags.json ? JSON.stringify(selected, null, 2) : table(selected))
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

function table(scenarios: readonly ScenarioInfo[]): string {
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
  }
  return lines.join('\n')
}
