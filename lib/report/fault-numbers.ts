import {
  FAULT_PHASES,
  type FaultNumbers,
  type FaultPhase,
  type FaultPhaseName,
  type RecoveryPoint,
  type ZoneService,
} from '../model/fault-numbers.ts'
import type { TimelineEvent } from '../model/timeline.ts'
import { faultStories, type Moment, type StoryOf } from './fault-story.ts'
import { formatDuration } from './text.ts'
import { type ZoneOperations, zoneService } from './zone-service.ts'

/** What a scenario's clients did, and what became of what they wrote. */
export interface ClientsHistory {
  readonly zones: readonly ZoneOperations[]
  /** What a checker found; absent when none was asked, or it could not say. */
  readonly durability?: {
    readonly acknowledged: number
    readonly lost: number
    /** Of the lost acknowledgements, on the run's clock. */
    readonly firstAtMs?: number
    readonly lastAtMs?: number
  }
}

/**
 * The numbers of a scenario's faults; none where none was injected.
 *
 * @param events the whole run's
 */
export function faultNumbers(
  events: readonly TimelineEvent[],
  of: StoryOf,
  clients: ClientsHistory = { zones: [] },
): FaultNumbers[] {
  const stories = faultStories(events, of)
  return stories.map(({ startedAtMs, untilMs, steadyAtMs, moments }, index): FaultNumbers => {
    const fromMs = startedAtMs
    const steadyMs = steadyAtMs ?? untilMs
    const zones = clients.zones.map((zone) => zoneService(zone, { fromMs, steadyMs, untilMs }))
    const rtos = zones.map((zone) => zone.rtoMs ?? Number.POSITIVE_INFINITY)
    const rtoMs = Math.max(...rtos)
    // A checker looks at the whole of a history, so what it found stands where that ends.
    const rpo = index === stories.length - 1 ? recoveryPoint(clients, fromMs) : undefined
    return {
      startedAtMs,
      phases: phasesOf([...moments, ...serviceMoments(zones, fromMs)], fromMs),
      zones,
      ...(Number.isFinite(rtoMs) ? { rtoMs } : {}),
      ...(rpo === undefined ? {} : { rpo }),
    }
  })
}

function recoveryPoint(
  { durability }: ClientsHistory,
  injectedMs: number,
): RecoveryPoint | undefined {
  if (durability === undefined) return undefined
  const { acknowledged, lost, firstAtMs, lastAtMs } = durability
  const lostMs =
    firstAtMs === undefined ? 0 : Math.max(injectedMs, lastAtMs ?? firstAtMs) - firstAtMs
  return { acknowledged, lost, lostMs: Math.round(lostMs) }
}

function serviceMoments(zones: readonly ZoneService[], fromMs: number): Moment[] {
  return zones.flatMap(({ zone, firstFailureMs, servedAgainMs, fail, info }): Moment[] => {
    if (firstFailureMs === undefined) return []
    const failure: Moment = {
      phase: 'first-failure',
      atMs: fromMs + firstFailureMs,
      evidence: `a client in ${zone}: ${fail} operations failed and ${info} have no known end`,
    }
    if (servedAgainMs === undefined) return [failure]
    const evidence = `a client in ${zone} is served again`
    return [failure, { phase: 'first-success', atMs: fromMs + servedAgainMs, evidence }]
  })
}

/** One row for each phase, but one for each fault and each zone's return; by their time. */
function phasesOf(moments: readonly Moment[], fromMs: number): FaultPhase[] {
  const apart = ['fault-injected', 'first-success']
  const single = moments.filter(({ phase }) => apart.includes(phase)).map((one) => [one])
  const others = moments.filter(({ phase }) => !apart.includes(phase))
  const groups = [...single, ...Map.groupBy(others, ({ phase }) => phase).values()]
  const rows = groups
    .map((group) => group.toSorted((a, b) => a.atMs - b.atMs))
    .flatMap((group) => {
      const [first] = group
      return first === undefined ? [] : [{ first, last: group.at(-1) ?? first, of: group.length }]
    })
    .toSorted(
      (a, b) =>
        a.first.atMs - b.first.atMs ||
        FAULT_PHASES.indexOf(a.first.phase) - FAULT_PHASES.indexOf(b.first.phase),
    )
  return rows.map(({ first, last, of }, index): FaultPhase => {
    const more = of > 1 ? ` (and ${of - 1} more, the last: ${last.evidence})` : ''
    return {
      phase: first.phase,
      atMs: tenths(first.atMs - fromMs),
      ...(of > 1 ? { lastMs: tenths(last.atMs - fromMs) } : {}),
      deltaMs: tenths(first.atMs - (rows[index - 1]?.first.atMs ?? first.atMs)),
      evidence: first.evidence + more,
    }
  })
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}

/** What a person calls each phase. */
export const PHASE_WORDS: Readonly<Record<FaultPhaseName, string>> = {
  'fault-injected': 'injected',
  'first-failure': 'first failed operation',
  'container-ended': 'container ended',
  'pod-not-ready': 'pod no longer Ready',
  'node-not-ready': 'NotReady',
  'node-removed': 'node removed',
  'pod-terminating': 'pod told to end',
  'pod-deleted': 'pod deleted',
  'replacement-pending': 'replacement Pending',
  'volume-detached': 'volume detached',
  'heal-begun': 'healing',
  'node-ready': 'node Ready',
  'fault-healed': 'healed',
  'volume-attached': 'volume attached',
  'container-started': 'container started',
  'pod-ready': 'pod Ready',
  'database-rejoined': 'database rejoined',
  'first-success': 'served again',
  'steady-state': 'steady state',
}

/** Phases that tell a fault in a line. */
const MILESTONES: readonly FaultPhaseName[] = [
  'node-not-ready',
  'node-removed',
  'pod-deleted',
  'replacement-pending',
  'heal-begun',
  'pod-ready',
]

/**
 * A fault in one line, each time since the one before:
 * `injected → NotReady 51 s → healing 60 s → back 14 s; lost 0 of 4,812; b, c 100 %, a 61 % (failing 43 s)`.
 */
export function numbersLine({ phases, zones, rpo }: FaultNumbers): string {
  const end = phases.find(({ phase }) => phase === 'steady-state')
  const parts = ['injected']
  let lastMs = 0
  for (const row of phases) {
    if (row !== end && !MILESTONES.includes(row.phase)) continue
    if (end && row.atMs > end.atMs) continue
    // Of several pods the last one counts.
    const atMs = row.phase === 'pod-ready' ? (row.lastMs ?? row.atMs) : row.atMs
    const word = row === end ? 'back' : PHASE_WORDS[row.phase]
    parts.push(`${word} ${formatDuration(Math.max(0, atMs - lastMs))}`)
    lastMs = Math.max(lastMs, atMs)
  }
  const said = [parts.join(' → ')]
  if (rpo) said.push(lossText(rpo))
  if (zones.length > 0) said.push(zonesText(zones))
  return said.join('; ')
}

/** `lost 0 of 4,812`, or how many and of how long. */
export function lossText({ lost, acknowledged, lostMs }: RecoveryPoint): string {
  const count = `lost ${grouped(lost)} of ${grouped(acknowledged)}`
  return lost === 0 ? count : `${count} (${formatDuration(lostMs)})`
}

/** The share of operations that were acknowledged: never 100 % unless all were. */
export function shareText({ ok, due }: Pick<ZoneService, 'ok' | 'due'>): string {
  if (due === 0) return 'nothing due'
  const percent = Math.floor((ok / due) * 1000) / 10
  return `${percent >= 99 || percent < 1 ? percent : Math.floor(percent)} %`
}

/** For how long operations failed in a zone, or that they went on to; undefined where none did. */
export function outageText(zone: ZoneService): string | undefined {
  if (zone.firstFailureMs === undefined) return undefined
  return zone.rtoMs === undefined ? 'not served again' : `failing ${formatDuration(zone.rtoMs)}`
}

function zonesText(zones: readonly ZoneService[]): string {
  const names = shortNames(zones.map(({ zone }) => zone))
  const told = zones.map((zone, index) => {
    const outage = outageText(zone)
    const text = shareText(zone) + (outage === undefined ? '' : ` (${outage})`)
    return { name: names[index] ?? zone.zone, text, share: zone.due === 0 ? 1 : zone.ok / zone.due }
  })
  const groups = [...Map.groupBy(told, ({ text }) => text).values()]
  return groups
    .toSorted(([a], [b]) => (b?.share ?? 0) - (a?.share ?? 0))
    .map((group) => `${group.map(({ name }) => name).join(', ')} ${group[0]?.text ?? ''}`)
    .join(', ')
}

/** `a`, `b`, `c` of `us-east-1a`, `us-east-1b`, `us-east-1c`; names that share nothing stay. */
export function shortNames(names: readonly string[]): string[] {
  const [one = ''] = names
  let shared = 0
  while (
    names.length > 1 &&
    names.every((name) => name.length > shared + 1 && name[shared] === one[shared])
  ) {
    shared += 1
  }
  return names.map((name) => name.slice(shared))
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
