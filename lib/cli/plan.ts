import { Command } from 'commander'
import { collectScenarios } from '../engine/collect.ts'
import { unmetNeeds } from '../engine/conduct.ts'
import { selectScenarios } from '../engine/select.ts'
import type { ScenarioInfo, Tier } from '../model/scenario.ts'
import type { Zone } from '../model/target.ts'
import { describeCluster } from '../targets/describe.ts'
import { defaultKubeconfig } from '../targets/kubeconfig.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { needsInWords } from './list.ts'
import { list, namespaceName } from './options.ts'
import { effectiveTier, targetOptions, tierOption } from './run.ts'

interface PlanFlags extends TargetOptions {
  readonly tier?: Tier
  readonly tags?: string[]
  readonly json?: boolean
}

interface Plan {
  readonly target: string
  readonly context: string | null
  readonly namespace: string
  readonly tier: Tier
  /** Null where the lab would be booted for it: three zones with a node each. */
  readonly zones: readonly Zone[] | null
  readonly scenarios: readonly (ScenarioInfo & { readonly skippedBecause: string | null })[]
  readonly typicalSeconds: number
  readonly withoutTypicalSeconds: number
  readonly costUsd: number
}

/** `zonefall plan`. */
export function planCommand(): Command {
  return targetOptions(new Command('plan'))
    .description('say what a run would touch and how long it would take, without touching it')
    .argument('[filter...]', 'scenarios or files, by the beginning or any part of their id')
    .addOption(tierOption())
    .option('--tags <tags>', 'only scenarios with one of these tags', list)
    .option('--namespace <name>', 'namespace for what is deployed', namespaceName)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  npx zonefall plan --target kubeconfig --context staging')
    .action(async (filters: string[], flags: PlanFlags) => {
      const plan = await makePlan(filters, flags)
      console.log(flags.json ? JSON.stringify(plan, null, 2) : inWords(plan))
    })
}

async function makePlan(filters: readonly string[], flags: PlanFlags): Promise<Plan> {
  const { kind } = await chooseTarget(flags)
  const tier = effectiveTier(flags.tier, filters)
  const selected = selectScenarios(await collectScenarios(), {
    filters,
    tier,
    tags: flags.tags ?? [],
  })
  const { context, kubeconfig = defaultKubeconfig() } = flags
  const zones =
    kind === 'lab' || context === undefined
      ? null
      : (await describeCluster(kubeconfig, context)).zones
  const known = { kind, capabilities: ['exec' as const] }
  return {
    target: kind,
    context: context ?? null,
    namespace: flags.namespace ?? (kind === 'lab' ? 'default' : 'zonefall-<run id>'),
    tier,
    zones,
    scenarios: selected.map((info) => {
      const unmet = zones === null ? [] : unmetNeeds(info, { ...known, zones })
      return { ...info, skippedBecause: unmet.length > 0 ? `needs ${unmet.join(' and ')}` : null }
    }),
    typicalSeconds: selected.reduce((sum, { options }) => sum + (options.typicalSeconds ?? 0), 0),
    withoutTypicalSeconds: selected.filter(({ options }) => options.typicalSeconds === undefined)
      .length,
    // Neither the lab nor Kubernetes objects cost by the hour; volumes of a cluster for minutes do
    // not reach a cent.
    costUsd: 0,
  }
}

function inWords(plan: Plan): string {
  const where =
    plan.target === 'lab'
      ? 'the lab, which is booted for it (or used, if one is up): three zones'
      : `context ${plan.context}`
  const nodes = (plan.zones ?? []).flatMap((zone) => zone.nodes.map(({ name }) => name))
  return [
    `Target: ${where}; namespace ${plan.namespace}; tier ${plan.tier}.`,
    ...(nodes.length > 0 ? [`Nodes that faults may hit: ${nodes.join(', ')}.`] : []),
    ...(plan.zones ?? []).map((zone) => `Zone ${zone.name}: ${zone.nodes.length} nodes.`),
    '',
    ...plan.scenarios.flatMap(({ id, claim, options, skippedBecause }) => [
      id,
      `  ${claim}`,
      ...(options.needs ? [`  needs ${needsInWords(options.needs)}`] : []),
      ...(skippedBecause === null ? [] : [`  would be skipped: ${skippedBecause}`]),
    ]),
    '',
    `${plan.scenarios.length} scenarios, about ${Math.ceil(plan.typicalSeconds / 60)} min on the lab` +
      (plan.withoutTypicalSeconds > 0
        ? ` without ${plan.withoutTypicalSeconds} that don't say how long they take.`
        : '.'),
  ].join('\n')
}
