import type { FaultNumbers, RecoveryPoint, ZoneService } from '../model/fault-numbers.ts'
import type { ScenarioInfo, ScenarioResult } from '../model/scenario.ts'
import type { RunSummary } from '../model/summary.ts'
import { lossText, shareText } from './fault-numbers.ts'
import { formatDuration } from './text.ts'

/** A way to run a database: a folder of `manifests/`, with scenarios in the folder of that name. */
export interface Setup {
  readonly name: string
  /** What its manifests deploy, by name. */
  readonly images: readonly string[]
}

/** What one run saw of one scenario. */
interface Measurement {
  readonly run: RunSummary
  readonly result: ScenarioResult
}

/** What the page says above the table. */
const HEAD = `# Which setup survives what

Made by \`node bench/which-setup.ts RUN…\` from the reports of runs; not edited by hand. One row for each fault, one column for each
setup. What a cell says was measured in the run whose number stands behind it: the newest that passed, with EKS's own timers where
there is one. Where several scenarios of a setup break the same, each line of a cell is of one, by its letter below.

- **RTO**: for how long operations of clients failed in the zone that had the longest outage, from when the first one that failed was due until
  the first acknowledgement after the last one. «none» where none failed. Clients in every zone, 20 operations a second each, open loop.
- **RPO**: acknowledged writes that were lost, of all, and how far back the first of them lay.
- **served**: which share of the operations that were due between the injection and steady state was acknowledged, zone by zone from the worst to
  the best. Clients of a zone that is gone are not served, whatever the database does.

«not measured» is a scenario that no such run passed; «no scenario» a fault for which this setup has none. Figures are of a machine and a day, and of
processes that shared both: they compare setups with one another and are no promise.
`

/**
 * The page that tells the setups apart: RTO, RPO and availability for each fault, from finished runs.
 *
 * @param runs in any order; those with a planted defect are left out
 * @param known the scenarios that there are
 */
export function whichSetup(
  runs: readonly RunSummary[],
  known: readonly ScenarioInfo[],
  setups: readonly Setup[],
): string {
  const honest = runs
    .filter(({ sabotage }) => sabotage === undefined)
    .toSorted((a, b) => a.startedAt.localeCompare(b.startedAt))
  const names = new Set(setups.map(({ name }) => name))
  const breaking = known.filter(
    (one) => names.has(setupOf(one)) && (one.options.faults ?? []).length > 0,
  )
  const chosen = new Map(breaking.map(({ id }) => [id, measurementOf(id, honest)]))
  const used = [...new Set([...chosen.values()].flatMap((one) => (one ? [one.run] : [])))].toSorted(
    (a, b) => a.startedAt.localeCompare(b.startedAt),
  )
  const rows = [...Map.groupBy(breaking, faultOf)].toSorted(([a], [b]) => a.localeCompare(b))
  const lines = rows.map(([fault, scenarios]) => {
    const cells = setups.map(({ name }) => {
      const own = scenarios.filter((one) => setupOf(one) === name)
      if (own.length === 0) return 'no scenario'
      return cellText(
        own.map(({ id }) => chosen.get(id)),
        used,
      )
    })
    return row([`\`${fault}\``, ...cells])
  })
  return [
    HEAD,
    row(['fault', ...setups.map(({ name }) => name)]),
    row(['---', ...setups.map(() => '---')]),
    ...lines,
    '',
    '## What the setups are\n',
    ...setups.map((setup) => `- **${setup.name}**: ${versions(setup, used)}`),
    '',
    '## The runs\n',
    ...(used.length === 0 ? ['None was given.'] : used.map((run, i) => `${i + 1}. ${told(run)}`)),
    '',
    '## The scenarios\n',
    ...rows.flatMap(([fault, scenarios]) => [
      `- \`${fault}\``,
      ...setups.flatMap(({ name }) =>
        scenarios
          .filter((one) => setupOf(one) === name)
          .map(({ id, claim }, i, { length }) => {
            const letter = length > 1 ? ` (${letterOf(i)})` : ''
            return `  - ${name}${letter}: ${claim} — ${verdicts(id, honest)}`
          }),
      ),
    ]),
    '',
  ].join('\n')
}

/** The newest run that passed it and measured something, one with EKS's own timers first. */
function measurementOf(id: string, runs: readonly RunSummary[]): Measurement | undefined {
  const all = runs.flatMap((run) =>
    run.results
      .filter((result) => result.id === id && result.outcome === 'pass')
      .filter(({ numbers = [] }) => numbers.length > 0)
      .map((result): Measurement => ({ run, result })),
  )
  return all.findLast(({ run }) => timersOf(run) === undefined) ?? all.at(-1)
}

/** A line for each scenario that was measured, with its letter where there are several. */
function cellText(own: readonly (Measurement | undefined)[], used: readonly RunSummary[]): string {
  const lines = own.flatMap((measured, i) => {
    if (!measured) return []
    const letter = own.length > 1 ? `(${letterOf(i)}) ` : ''
    return [letter + cellLine(measured, used)]
  })
  const missing = own.length - lines.length
  if (missing === 0) return lines.join('<br>')
  if (own.length === 1) return 'not measured'
  return [...lines, missing === own.length ? 'not measured' : `${missing} not measured`].join(
    '<br>',
  )
}

/** By which the list of the scenarios names those of a cell. */
function letterOf(index: number): string {
  return String.fromCodePoint(97 + index)
}

function cellLine({ run, result }: Measurement, used: readonly RunSummary[]): string {
  const numbers = result.numbers ?? []
  const mark = `[${used.indexOf(run) + 1}]`
  const rpo = `RPO ${rpoText(numbers)}`
  if (numbers.every(({ zones }) => zones.length === 0)) return `without clients; ${rpo} ${mark}`
  return `RTO ${rtoText(numbers)}; ${rpo}; served ${servedText(numbers)} ${mark}`
}

/** Of several breaks the longest. */
function rtoText(numbers: readonly FaultNumbers[]): string {
  const measured = numbers.filter(({ zones }) => zones.length > 0)
  const notBack = new Set(
    measured.flatMap(({ zones }) =>
      zones.filter(({ rtoMs }) => rtoMs === undefined).map(({ zone }) => zone),
    ),
  )
  if (notBack.size > 0) return `not served again in ${[...notBack].join(', ')}`
  const longestMs = Math.max(...measured.map(({ rtoMs = 0 }) => rtoMs))
  return longestMs === 0 ? 'none' : formatDuration(longestMs)
}

/** A checker looks at the whole of a history: there is one for all breaks. */
function rpoText(numbers: readonly FaultNumbers[]): string {
  const found = numbers.flatMap(({ rpo }): RecoveryPoint[] => (rpo === undefined ? [] : [rpo]))
  const last = found.at(-1)
  return last === undefined ? 'not asked' : lossText(last).replace(/^lost /, '')
}

function servedText(numbers: readonly FaultNumbers[]): string {
  const zones = Map.groupBy(
    numbers.flatMap((one) => one.zones),
    ({ zone }) => zone,
  )
  const sum = (of: readonly ZoneService[], what: 'ok' | 'due'): number =>
    of.reduce((total, one) => total + one[what], 0)
  return [...zones.values()]
    .map((of) => ({ ok: sum(of, 'ok'), due: sum(of, 'due') }))
    .toSorted((a, b) => a.ok / Math.max(1, a.due) - b.ok / Math.max(1, b.due))
    .map(shareText)
    .join(', ')
}

function verdicts(id: string, runs: readonly RunSummary[]): string {
  const outcomes = runs.flatMap(({ results }) =>
    results.filter((result) => result.id === id).map(({ outcome }) => outcome),
  )
  if (outcomes.length === 0) return 'in none of the runs'
  return [...Map.groupBy(outcomes, String)]
    .map(([outcome, of]) => `${of.length} × ${outcome}`)
    .join(', ')
}

/** What a report says of timers that are not EKS's; undefined when they are. */
function timersOf({ target }: RunSummary): string | undefined {
  return target.differences.find((text) => text.includes('--timers short'))
}

function told(run: RunSummary): string {
  const { runId, startedAt, seed, target, machine } = run
  const where =
    machine === undefined
      ? 'machine not recorded'
      : `${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, load average ${machine.load}`
  const timers = timersOf(run) ?? "Kubernetes' timers as on EKS."
  return (
    `${runId}: ${startedAt.slice(0, 10)}, on ${target.kind} with Kubernetes ${target.kubernetesVersion}; ` +
    `${where}; seed \`${seed}\`. ${timers}`
  )
}

/** What stood behind a setup's images in the runs. */
function versions({ images }: Setup, runs: readonly RunSummary[]): string {
  const behind = images.map((image) => {
    const names = [image, `docker.io/library/${image}`]
    const said = new Set(
      runs.flatMap(({ target }) =>
        target.images.filter(({ name }) => names.includes(name)).map((one) => one.standsBehind),
      ),
    )
    return said.size === 0 ? `\`${image}\`` : `\`${image}\` (${[...said].join('; ')})`
  })
  return behind.join(', ') || 'no image'
}

function faultOf({ options }: ScenarioInfo): string {
  return (options.faults ?? []).join(' + ')
}

function setupOf({ id }: ScenarioInfo): string {
  return id.split('/')[0] ?? ''
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
}
