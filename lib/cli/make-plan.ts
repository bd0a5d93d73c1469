import { unmetNeeds } from '../engine/conduct.ts'
import { selectScenarios } from '../engine/select.ts'
import { Cluster, orAbsent } from '../kube/cluster.ts'
import type { ScenarioInfo, Tier } from '../model/scenario.ts'
import type { TargetDescription, Zone } from '../model/target.ts'
import { capabilitySchema } from '../report/records.ts'
import { describeCluster } from '../targets/describe.ts'
import { defaultKubeconfig, KUBECONFIG_CAPABILITIES } from '../targets/kubeconfig.ts'
import { findRunningLab } from '../targets/running-lab.ts'
import { checkManifests, SYSTEMS } from './check-options.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { type PlannedFault, planFaults } from './plan-faults.ts'
import { planSystem, type PlannedObject } from './plan-objects.ts'
import { effectiveTier } from './run.ts'

export interface PlanOptions extends TargetOptions {
  readonly filters: readonly string[]
  readonly tier?: Tier
  readonly tags?: readonly string[]
  readonly manifests?: Readonly<Record<string, string>>
}

/** What a run would do. */
export interface Plan {
  readonly target: TargetDescription['kind']
  readonly context: string | null
  readonly namespace: string
  readonly tier: Tier
  /** Null for a lab that is not up: three zones with a node each. */
  readonly zones: readonly Zone[] | null
  readonly scenarios: readonly (ScenarioInfo & { readonly skippedBecause: string | null })[]
  /** What is made for a file of scenarios, and deleted at its end. */
  readonly creates: readonly PlannedObject[]
  readonly faults: readonly PlannedFault[]
  /** What the scenarios usually take on the lab; those that don't say are not in it. */
  readonly typicalSeconds: number
  readonly withoutTypicalSeconds: number
  /** Null where the price of the volumes is not known; nothing else is bought. */
  readonly costUsd: number | null
}

/**
 * Finds out what a run with these options would touch, and touches nothing.
 *
 * @param known all scenarios that there are
 * @throws PreflightError for what a run would be refused for
 */
export async function makePlan(
  known: readonly ScenarioInfo[],
  options: PlanOptions,
): Promise<Plan> {
  const { kind } = await chooseTarget(options)
  const tier = effectiveTier(options.tier, options.filters)
  const selected = selectScenarios(known, {
    filters: options.filters,
    tier,
    tags: options.tags ?? [],
  })
  const manifests = await checkManifests(options.manifests ?? {}, selected)
  const access = await findAccess(kind, options)
  const cluster = access && (await Cluster.connect(access))
  const zones = access && (await describeCluster(access.kubeconfig, access.context)).zones
  const namespace = options.namespace ?? (kind === 'lab' ? 'default' : 'zonefall-<run id>')
  // The lab can do all that there is.
  const capabilities = kind === 'lab' ? capabilitySchema.options : KUBECONFIG_CAPABILITIES
  const scenarios = selected.map((info) => {
    const unmet = zones ? unmetNeeds(info, { kind, capabilities, zones }) : []
    return { ...info, skippedBecause: unmet.length > 0 ? `needs ${unmet.join(' and ')}` : null }
  })
  const running = scenarios.filter(({ skippedBecause }) => skippedBecause === null)
  const systems = Object.keys(SYSTEMS).filter((system) =>
    running.some(({ id }) => id.startsWith(`${system}/`)),
  )
  const planned = await Promise.all(
    systems.map((system) =>
      planSystem(
        system,
        { kind, namespace },
        {
          ...(manifests[system] === undefined ? {} : { path: manifests[system] }),
          ...(cluster === undefined ? {} : { cluster }),
        },
      ),
    ),
  )
  return {
    target: kind,
    context: access?.context ?? null,
    namespace,
    tier,
    zones: zones ?? null,
    scenarios,
    creates: [
      ...((await isThere(namespace, kind, cluster))
        ? []
        : [{ kind: 'Namespace', name: namespace }]),
      ...planned.flatMap(({ objects }) => objects),
    ],
    faults: await planFaults(
      running.flatMap((info) => info.options.faults ?? []),
      { cluster, zones: zones ?? [], pods: planned.flatMap(({ pods }) => pods) },
    ),
    typicalSeconds: running.reduce((sum, info) => sum + (info.options.typicalSeconds ?? 0), 0),
    withoutTypicalSeconds: running.filter((info) => info.options.typicalSeconds === undefined)
      .length,
    costUsd: kind === 'lab' ? 0 : null,
  }
}

/** How the cluster is reached; undefined for a lab that is not up. */
async function findAccess(
  kind: Plan['target'],
  { context, kubeconfig = defaultKubeconfig() }: TargetOptions,
): Promise<{ readonly kubeconfig: string; readonly context: string } | undefined> {
  if (kind === 'lab') return findRunningLab()
  return context === undefined ? undefined : { kubeconfig, context }
}

/** Whether the namespace is there already: a run then uses it, and leaves it. */
async function isThere(
  name: string,
  kind: Plan['target'],
  cluster: Cluster | undefined,
): Promise<boolean> {
  if (kind === 'lab' && name === 'default') return true
  if (!cluster || name.includes('<')) return false
  return (await orAbsent(cluster.core.readNamespace({ name }))) !== undefined
}
