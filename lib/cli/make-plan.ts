import { accessOf } from '../config/settings.ts'
import { type Cost, estimateCost } from '../cost/estimate.ts'
import type { Prices } from '../cost/prices.ts'
import { unmetNeeds } from '../engine/conduct.ts'
import { ALLOW_POLICY } from '../engine/furnish-namespace.ts'
import { howManyAtOnce } from '../engine/how-many-at-once.ts'
import { FUTURE_RUN_ID, type PlannedCall, plannedCalls } from '../engine/planned-calls.ts'
import { selectScenarios } from '../engine/select.ts'
import { namespacesOf, placeOfFile, planStages } from '../engine/stages.ts'
import { AUTO_NAMESPACE } from '../engine/supervisor.ts'
import { Cluster, orAbsent } from '../kube/cluster.ts'
import { estimateRunTime } from '../model/run-time.ts'
import type { AccessBySystem } from '../model/database-access.ts'
import type { FaultName, ScenarioInfo, Tier } from '../model/scenario.ts'
import {
  CAPABILITIES,
  type LegacyRing,
  type TargetDescription,
  type Zone,
} from '../model/target.ts'
import { checkManifests, SYSTEMS } from './check-options.ts'
import { chooseTarget, type TargetOptions } from './choose-target.ts'
import { lookAtTarget } from './look-at-target.ts'
import { type NodesBehind, nodesBehind } from './plan-account.ts'
import { type PlannedFault, planFaults } from './plan-faults.ts'
import { planSystem, type PlannedObject, type PlannedSystem } from './plan-objects.ts'
import { effectiveTier } from './options.ts'

export interface PlanOptions extends TargetOptions {
  readonly filters: readonly string[]
  readonly tier?: Tier
  readonly tags?: readonly string[]
  readonly manifests?: Readonly<Record<string, string>>
  readonly prices: Prices
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
  /** What is drained and restarted by commands on its machines; null where nothing is. */
  readonly legacyRing: LegacyRing | null
  /** All calls that it may make and that change something; it makes no other. */
  readonly calls: readonly PlannedCall[]
  /** What the scenarios usually take on the lab; those that don't say are not in it. */
  readonly typicalSeconds: number
  readonly withoutTypicalSeconds: number
  /** On the lab nothing is bought. Null where the nodes are not EC2's: nobody knows the prices. */
  readonly costUsd: number | null
  /** How it comes to that; null where it is nothing or not known. */
  readonly cost: Cost | null
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
  const target = await chooseTarget(options)
  const { kind } = target
  const tier = effectiveTier(options.tier, options.filters)
  const selected = selectScenarios(known, {
    filters: options.filters,
    tier,
    tags: options.tags ?? [],
  })
  const manifests = await checkManifests(options.manifests ?? {}, selected)
  const found = await lookAtTarget(target)
  const cluster = found && (await Cluster.connect(found))
  const namespace = namespaceOf(found, options, kind)
  // The lab can do all that there is.
  const capabilities = found?.capabilities ?? CAPABILITIES
  const scenarios = selected.map((info) => {
    const unmet = found ? unmetNeeds(info, found) : []
    return { ...info, skippedBecause: unmet.length > 0 ? `needs ${unmet.join(' and ')}` : null }
  })
  const running = scenarios.filter(({ skippedBecause }) => skippedBecause === null)
  const places = await placesOf(selected, running, { namespace, found, cluster, manifests })
  const planned = await Promise.all(
    places.map(async (place) => ({
      ...place,
      systems: await planSystems(place, kind, {
        manifests,
        access: accessOf(options.settings ?? {}),
        cluster,
        home: namespace,
      }),
      makesNamespace: !(await isThere(place.namespace, kind, cluster)),
    })),
  )
  const systems = planned.flatMap((place) => place.systems)
  const faults = [...new Set(planned.flatMap((place) => place.faults))]
  const behind: NodesBehind =
    found && cluster ? await nodesBehind(cluster, found) : UNKNOWN_LAB_ACCOUNT
  const { onAwsSeconds, ...time } = estimateRunTime(running)
  const cost =
    kind === 'lab' || behind.types === undefined
      ? null
      : estimateCost(
          {
            seconds: onAwsSeconds,
            volumes: systems.flatMap((system) => system.volumes),
            nodes: behind.types,
            launches: launchesOf(running, found?.zones ?? []),
          },
          options.prices,
        )
  return {
    target: kind,
    context: found?.context ?? null,
    namespace,
    tier,
    zones: found?.zones ?? null,
    scenarios,
    creates: planned.flatMap((place) => [
      ...(place.makesNamespace ? [{ kind: 'Namespace', name: place.namespace }] : []),
      ...(place.makesNamespace && kind !== 'lab'
        ? [{ kind: 'NetworkPolicy', name: ALLOW_POLICY, namespace: place.namespace }]
        : []),
      ...place.systems.flatMap(({ objects }) => objects),
    ]),
    faults: await planFaults(faults, {
      cluster,
      zones: found?.zones ?? [],
      pods: [...new Set(systems.flatMap((system) => system.pods))],
    }),
    legacyRing: running.some(({ options: { needs } }) => needs?.capabilities?.includes('legacy'))
      ? (found?.legacy ?? null)
      : null,
    calls: plannedCalls(
      ...planned.map((place) => ({
        namespace: place.namespace,
        makesNamespace: place.makesNamespace,
        isShared: kind !== 'lab',
        ...(found?.pulls?.pullSecret === undefined ? {} : { pullSecret: found.pulls.pullSecret }),
        objects: place.systems.flatMap(({ objects }) => objects),
        faults: place.faults,
        systems: place.systems.map(({ system }) => system),
        pods: place.systems.flatMap((system) => system.pods),
        zones: found?.zones.map(({ name }) => name) ?? ['*'],
        nodes: found?.zones.flatMap(({ nodes }) => nodes) ?? [{ name: '*' }],
        ...behind,
        hasEc2: capabilities.includes('ec2'),
        hasCapacity: capabilities.includes('capacity'),
      })),
    ),
    ...time,
    costUsd: kind === 'lab' ? 0 : (cost?.totalUsd ?? null),
    cost,
  }
}

/** A lab that is not up has names only when it is. */
const UNKNOWN_LAB_ACCOUNT: NodesBehind = {
  groups: ['*'],
  subnets: ['subnet-*'],
  vpcs: ['vpc-*'],
  acls: ['acl-*'],
  types: undefined,
}

function namespaceOf(
  found: TargetDescription | undefined,
  options: PlanOptions,
  kind: TargetDescription['kind'],
): string {
  const namespace =
    found?.namespace ?? options.namespace ?? (kind === 'lab' ? 'default' : AUTO_NAMESPACE)
  return namespace === AUTO_NAMESPACE ? `zonefall-${FUTURE_RUN_ID}` : namespace
}

/** A namespace of the run, and what the files of scenarios in it do. */
interface Place {
  readonly namespace: string
  readonly running: readonly ScenarioInfo[]
  readonly faults: readonly FaultName[]
}

/** The run's namespace first; files that run side by side have one each. */
async function placesOf(
  selected: readonly ScenarioInfo[],
  running: readonly ScenarioInfo[],
  about: {
    readonly namespace: string
    readonly found: TargetDescription | undefined
    readonly cluster: Cluster | undefined
    readonly manifests: Readonly<Record<string, string>>
  },
): Promise<Place[]> {
  const { namespace, found, cluster, manifests } = about
  const run = { tier: 'full', keep: false, manifests, require: [] } as const
  const isLab = found === undefined || found.kind === 'lab'
  const parallel =
    found && cluster
      ? await howManyAtOnce(cluster, selected, {
          run: { ...run, manifests: { ...manifests }, require: [] },
          zones: found.zones,
          isLab,
          mayMakeNamespaces: isLab || !(await isThere(namespace, found.kind, cluster)),
        })
      : 1
  const stages = planStages(selected, { parallel, namespace, runId: FUTURE_RUN_ID })
  const namespaces = new Set([namespace, ...namespacesOf(stages)])
  const places = [...namespaces].map((name): Place => {
    const inIt = running.filter(
      ({ file }) => (placeOfFile(stages, file)?.namespace ?? namespace) === name,
    )
    return {
      namespace: name,
      running: inIt,
      faults: [...new Set(inIt.flatMap((info) => info.options.faults ?? []))],
    }
  })
  return places.filter((place) => place.running.length > 0 || place.namespace === namespace)
}

async function planSystems(
  { running, namespace }: Place,
  kind: TargetDescription['kind'],
  {
    manifests,
    access,
    cluster,
    home,
  }: {
    readonly manifests: Readonly<Record<string, string>>
    readonly access: AccessBySystem
    readonly cluster: Cluster | undefined
    readonly home: string
  },
): Promise<PlannedSystem[]> {
  const systems = Object.keys(SYSTEMS).filter((system) =>
    running.some(({ id }) => id.startsWith(`${system}/`)),
  )
  return Promise.all(
    systems.map((system) =>
      planSystem(
        system,
        { kind, namespace },
        {
          home,
          ...(manifests[system] === undefined ? {} : { path: manifests[system] }),
          ...(access[system] === undefined ? {} : { access: access[system] }),
          ...(cluster === undefined ? {} : { cluster }),
        },
      ),
    ),
  )
}

/** How many instances of a zone each fault ends or starts anew; a start is charged like a launch. */
const ZONES_RESTARTED: Partial<Record<FaultName, number>> = {
  'stop-instance': 1,
  'power-cut': 1,
  'terminate-instance': 1,
  'zone-outage': 1,
  'two-zone-outage': 2,
}

function launchesOf(running: readonly ScenarioInfo[], zones: readonly Zone[]): number {
  const perZone = Math.max(0, ...zones.map(({ nodes }) => nodes.length))
  return running
    .flatMap((info) => info.options.faults ?? [])
    .reduce((sum, fault) => sum + (ZONES_RESTARTED[fault] ?? 0) * perZone, 0)
}

/** Whether the namespace is there already: a run then uses it, and leaves it. */
async function isThere(
  name: string,
  kind: Plan['target'],
  cluster: Cluster | undefined,
): Promise<boolean> {
  if (kind === 'lab' && name === 'default') return true
  if (!cluster || name.includes(FUTURE_RUN_ID.slice(-5))) return false
  return (await orAbsent(cluster.core.readNamespace({ name }))) !== undefined
}
