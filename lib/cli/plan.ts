import { Command } from 'commander'
import { collectScenarios } from '../engine/collect.ts'
import type { Tier } from '../model/scenario.ts'
import type { TargetOptions } from './choose-target.ts'
import { needsInWords } from './list.ts'
import { makePlan, type Plan } from './make-plan.ts'
import { list, namedPath, namespaceName } from './options.ts'
import { FUTURE_SUFFIX, type PlannedObject } from './plan-objects.ts'
import { targetOptions, tierOption } from './run.ts'

interface PlanFlags extends TargetOptions {
  readonly tier?: Tier
  readonly tags?: string[]
  readonly manifests?: Record<string, string>
  readonly json?: boolean
}

/** `zonefall plan`. */
export function planCommand(): Command {
  return targetOptions(new Command('plan'))
    .description('say what a run would touch and how long it would take, without touching it')
    .argument('[filter...]', 'scenarios or files, by the beginning or any part of their id')
    .addOption(tierOption())
    .option('--tags <tags>', 'only scenarios with one of these tags: a,b', list)
    .option('--namespace <name>', 'namespace for what is deployed', namespaceName)
    .option('--manifests <name=path>', 'your own manifests in place of manifests/NAME', namedPath)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  npx zonefall plan --target kubeconfig --context staging')
    .action(async (filters: string[], flags: PlanFlags) => {
      const plan = await makePlan(await collectScenarios(), { filters, ...flags })
      console.log(flags.json ? JSON.stringify(plan, null, 2) : planText(plan))
    })
}

/** A plan for a person to read. */
export function planText(plan: Plan): string {
  return [
    ...whereText(plan),
    '',
    ...plan.scenarios.flatMap(({ id, claim, options, skippedBecause }) => [
      id,
      `  ${claim}`,
      ...(options.needs ? [`  needs ${needsInWords(options.needs)}`] : []),
      ...(skippedBecause === null ? [] : [`  would be skipped: ${skippedBecause}`]),
    ]),
    '',
    'Made for each file of scenarios, and deleted at its end:',
    ...plan.creates.map((object) => `  ${objectText(object)}`),
    ...(plan.creates.some(({ name }) => name.endsWith(`-${FUTURE_SUFFIX}`))
      ? [`  (${FUTURE_SUFFIX}: the end of the run's id)`]
      : []),
    '',
    ...faultsText(plan),
    '',
    ...timeAndCost(plan),
  ].join('\n')
}

function whereText({ target, context, namespace, tier, zones }: Plan): string[] {
  const what = `namespace ${namespace}; tier ${tier}.`
  if (zones === null) {
    return [
      `Target: the lab, which is booted for it: three zones with a node each; ${what}`,
      'Nodes and the zones of volumes have their names once it is up: npx zonefall lab up',
    ]
  }
  const where = target === 'lab' ? 'the lab that is up' : `context ${context}`
  return [
    `Target: ${where}; ${what}`,
    ...zones.map(
      ({ name, nodes }) => `  zone ${name}: ${nodes.map((node) => node.name).join(', ')}`,
    ),
  ]
}

function objectText({ kind, name, zone, why }: PlannedObject): string {
  if (zone !== undefined) return `${kind} ${name}, its volume in ${zone}`
  return `${kind} ${name}${why === undefined ? '' : `, its volume's zone unknown: ${why}`}`
}

function faultsText({ faults }: Plan): string[] {
  if (faults.length === 0) return ['No faults.']
  return faults.flatMap(({ fault, text, hits }) => [
    `Fault ${fault}: ${text}`,
    ...hits.map(({ kind, name, zone, instance, note }) => {
      const about = [zone && `zone ${zone}`, instance, note].filter(Boolean)
      return `  ${kind} ${name}${about.length === 0 ? '' : ` (${about.join('; ')})`}`
    }),
  ])
}

function timeAndCost(plan: Plan): string[] {
  const { scenarios, typicalSeconds, withoutTypicalSeconds, costUsd } = plan
  const without =
    withoutTypicalSeconds > 0
      ? `, without ${withoutTypicalSeconds} that don't say how long they take`
      : ''
  const claims = plan.creates.filter(({ kind }) => kind === 'PersistentVolumeClaim').length
  const skipped = scenarios.filter(({ skippedBecause }) => skippedBecause !== null).length
  return [
    `${scenarios.length} ${scenarios.length === 1 ? 'scenario' : 'scenarios'}${skipped > 0 ? `, ${skipped} of them skipped` : ''}; ` +
      `about ${Math.ceil(typicalSeconds / 60)} min on the lab${without}.`,
    costUsd === null
      ? `Cost: that of ${claims} volumes for that long; nothing else is bought.`
      : `Cost: ${costUsd} USD.`,
  ]
}
