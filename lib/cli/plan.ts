import { Command } from 'commander'
import { refuseAboveBudget, usd } from '../cost/budget.ts'
import type { CostItem } from '../cost/estimate.ts'
import { loadPrices } from '../cost/prices.ts'
import { collectScenarios } from '../engine/collect.ts'
import { FUTURE_RUN_ID, type PlannedCall } from '../engine/planned-calls.ts'
import type { Tier } from '../model/scenario.ts'
import type { TargetOptions } from './choose-target.ts'
import { needsInWords } from './list.ts'
import { makePlan, type Plan } from './make-plan.ts'
import { list, namedPath, namespaceName } from './options.ts'
import type { PlannedObject } from './plan-objects.ts'
import { costOptions, targetOptions, tierOption } from './run.ts'

interface PlanFlags extends TargetOptions {
  readonly tier?: Tier
  readonly tags?: string[]
  readonly manifests?: Record<string, string>
  readonly prices?: string
  readonly budgetUsd?: number
  readonly json?: boolean
}

/** `zonefall plan`. */
export function planCommand(): Command {
  return costOptions(targetOptions(new Command('plan')))
    .description(
      'say what a run would touch, which calls it would make, how long it would take and what it ' +
        'would cost, without touching anything',
    )
    .argument('[filter...]', 'scenarios or files, by the beginning or any part of their id')
    .addOption(tierOption())
    .option('--tags <tags>', 'only scenarios with one of these tags: a,b', list)
    .option('--namespace <name>', 'namespace for what is deployed', namespaceName)
    .option('--manifests <name=path>', 'your own manifests in place of manifests/NAME', namedPath)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  npx zonefall plan --target kubeconfig --context staging')
    .action(async (filters: string[], flags: PlanFlags) => {
      const prices = await loadPrices(flags.prices)
      const plan = await makePlan(await collectScenarios(), { filters, ...flags, prices })
      console.log(flags.json ? JSON.stringify(plan, null, 2) : planText(plan))
      if (flags.budgetUsd !== undefined) refuseAboveBudget(plan, flags.budgetUsd)
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
    ...(plan.creates.some(({ name }) => name.includes(`-${FUTURE_RUN_ID.slice(-4)}`))
      ? [`  (${FUTURE_RUN_ID}: the run's id)`]
      : []),
    '',
    ...faultsText(plan),
    '',
    ...legacyText(plan),
    'It may make these calls that change something, and no other:',
    ...callsText(plan),
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

function legacyText({ legacyRing }: Plan): string[] {
  if (legacyRing === null) return []
  const { instances, onInstance, restart } = legacyRing
  return [
    `Legacy ring ${instances.join(', ')}: rows are written to it, its databases are drained, and restarted at the end,`,
    `  each by "${onInstance}" and "${restart}"`,
    '',
  ]
}

const APIS: Readonly<Record<PlannedCall['api'], string>> = {
  kubernetes: 'Kubernetes',
  ec2: 'EC2',
  autoscaling: 'Auto Scaling',
  lab: 'the lab',
}

function callsText({ calls }: Plan): string[] {
  return Object.entries(APIS).flatMap(([api, name]) => {
    const ofApi = calls.filter((call) => call.api === api)
    if (ofApi.length === 0) return []
    return [
      `  ${name}`,
      ...ofApi.map(({ call, targets, because }) =>
        [`    ${call}:`, ...targets, `(${because.join(', ')})`].join(' '),
      ),
    ]
  })
}

function timeAndCost(plan: Plan): string[] {
  const { scenarios, typicalSeconds, withoutTypicalSeconds } = plan
  const without =
    withoutTypicalSeconds > 0
      ? `, without ${withoutTypicalSeconds} that don't say how long they take`
      : ''
  const skipped = scenarios.filter(({ skippedBecause }) => skippedBecause !== null).length
  return [
    `${scenarios.length} ${scenarios.length === 1 ? 'scenario' : 'scenarios'}${skipped > 0 ? `, ${skipped} of them skipped` : ''}; ` +
      `about ${Math.ceil(typicalSeconds / 60)} min on the lab${without}.`,
    ...costText(plan),
  ]
}

function costText({ cost, costUsd, creates }: Plan): string[] {
  if (costUsd === 0) return ['Cost: nothing.']
  if (cost === null) {
    const claims = creates.filter(({ kind }) => kind === 'PersistentVolumeClaim').length
    return [`Cost: that of ${claims} volumes for that long; the nodes are no EC2 instances.`]
  }
  const { added, meanwhile, addedUsd, totalUsd, hours, unpriced, asOf, source, region } = cost
  const lines = (items: readonly CostItem[]): string[] =>
    items.map((item) => `    ${usd(item.usd).padStart(9)}  ${item.text}`)
  return [
    `Cost: about ${usd(totalUsd)} for ${hours.toFixed(1)} h, as AWS may take; ${usd(addedUsd)} of it for the run alone:`,
    ...lines(added),
    '  and the cluster meanwhile:',
    ...lines(meanwhile),
    ...(unpriced.length === 0
      ? []
      : [
          `  Without a price, and in no sum: ${unpriced.join(', ')}; --prices FILE gives them one.`,
        ]),
    `  Prices of ${region}, ${asOf}: ${source}`,
  ]
}
