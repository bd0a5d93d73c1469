import { join } from 'node:path'
import { CleanupError } from '../model/errors.ts'
import type { FaultNumbers } from '../model/fault-numbers.ts'
import type { Evidence, ScenarioInfo, ScenarioResult } from '../model/scenario.ts'
import type { TargetDescription } from '../model/target.ts'
import { readNumbers } from '../report/read-numbers.ts'
import { slug } from '../std/ids.ts'
import { NdjsonAppender } from '../std/ndjson.ts'
import { redactData } from '../std/redact.ts'
import { within } from '../std/poll.ts'
import { fileStem } from './collect.ts'
import { collectCluster } from './collect-logs.ts'
import { outcomeOfError, outcomeOfEvidence, type Verdictlet } from './outcome.ts'
import { RUN_FILES, type Run } from './run.ts'
import { inScenario } from './timeline.ts'
import { undoAll } from './undo.ts'

/** What a scenario's body gets from the engine. */
export interface ScenarioControl {
  readonly run: Run
  readonly info: ScenarioInfo
  /** Keeps what an assertion saw; it goes into the report. A scenario without any is `unknown`. */
  evidence(item: Evidence): void
}

export interface ConductHooks {
  /** Tells the test runner that the scenario can't run, and why; may throw to do so. */
  readonly skip?: (reason: string) => void
}

/**
 * Runs one scenario: checks what it needs, writes down what happens, and whatever happened takes
 * back what the scenario changed, youngest first, and appends its result. Changes of scope `file`
 * stay for the file's other scenarios; see `tearDownFile`.
 *
 * @returns the result; undefined if this scenario was not chosen for the run
 * @throws what the body threw, or a CleanupError, so that the test runner shows red
 */
export async function conductScenario(
  run: Run,
  info: ScenarioInfo,
  body: (control: ScenarioControl) => Promise<void>,
  hooks: ConductHooks = {},
): Promise<ScenarioResult | undefined> {
  if (!run.selected.some((chosen) => chosen.id === info.id)) {
    hooks.skip?.('not chosen for this run')
    return undefined
  }
  const startedAtMs = run.timeline.nowMs()
  const evidence: Evidence[] = []
  const finish = (verdict: Verdictlet, numbers: readonly FaultNumbers[] = []): ScenarioResult => {
    const result = redactData<ScenarioResult>(
      {
        id: info.id,
        file: info.file,
        claim: info.claim,
        tags: info.options.tags,
        ...verdict,
        evidence,
        ...(numbers.length === 0 ? {} : { numbers }),
        startedAtMs,
        durationMs: Math.round(run.timeline.nowMs() - startedAtMs),
      },
      [run.target.aws?.secretAccessKey ?? ''],
    )
    recordResult(run, result)
    return result
  }

  const unmet = unmetNeeds(info, run.target)
  if (unmet.length > 0) {
    const reason = `needs ${unmet.join(' and ')}`
    const result = finish({ outcome: 'skipped', reason })
    hooks.skip?.(reason)
    return result
  }

  return inScenario(info.id, async () => {
    run.timeline.emit({ kind: 'scenario.begin', text: info.claim })
    let verdict: Verdictlet
    let thrown: { readonly error: unknown } | undefined
    try {
      await body({ run, info, evidence: (item) => void evidence.push(item) })
      verdict = outcomeOfEvidence(evidence)
      if (verdict.outcome !== 'pass') thrown = { error: new Error(verdict.reason) }
    } catch (error) {
      thrown = { error }
      verdict = outcomeOfError(error)
    }
    if (thrown) await collectEvidence(run, info)
    const failures = await healScenario(run, info.id)
    if (failures) {
      thrown ??= { error: failures }
      if (verdict.outcome === 'pass') verdict = outcomeOfError(failures)
    }
    const result = finish(verdict, await measureFaults(run, info, startedAtMs, evidence))
    run.timeline.emit({
      kind: 'scenario.end',
      text: result.reason ?? result.outcome,
      data: { outcome: result.outcome, durationMs: result.durationMs },
    })
    if (thrown) throw thrown.error
    return result
  })
}

/**
 * Undoes all that a file's scenarios share and what they left, and waits for its end. With `--keep`
 * only faults are healed, unless a scenario itself asks for the end of what was deployed: `force`.
 *
 * @throws CleanupError that lists what could not be undone
 */
export async function tearDownFile(
  run: Run,
  file: string,
  options: { readonly force?: boolean } = {},
): Promise<void> {
  const keep = run.options.keep && options.force !== true
  const stem = fileStem(file)
  const due = run.journal
    .pending()
    .filter(({ scenario }) => scenario === stem || scenario.startsWith(`${stem}/`))
    .filter(({ scope }) => scope === 'scenario' || !keep)
  const failures = await run.timeline.span(
    'teardown',
    { scenario: stem, text: `Take down ${stem}` },
    () => undoAll(run, due),
  )
  if (failures.length > 0) throw cleanupError(failures)
}

/** What a scenario needs and the target lacks, each as the end of "needs …". */
export function unmetNeeds(
  info: ScenarioInfo,
  target: Pick<TargetDescription, 'zones' | 'capabilities' | 'kind'>,
): string[] {
  const { zones = 0, nodesPerZone = 0, capabilities = [] } = info.options.needs ?? {}
  const unmet: string[] = []
  const usable = target.zones.filter((zone) => zone.nodes.length > 0)
  if (usable.length < zones) {
    unmet.push(`${zones} zones with a usable node (the target has ${usable.length})`)
  }
  const smallest = Math.min(...usable.map((zone) => zone.nodes.length))
  if (nodesPerZone > 0 && (usable.length === 0 || smallest < nodesPerZone)) {
    unmet.push(
      `${nodesPerZone} nodes in each zone (the smallest has ${usable.length ? smallest : 0})`,
    )
  }
  for (const capability of capabilities) {
    if (!target.capabilities.includes(capability)) {
      unmet.push(`the capability ${capability} (target ${target.kind} lacks it)`)
    }
  }
  return unmet
}

/** Appends to `results.ndjson`, durably: a result that was reported is never lost. */
function recordResult(run: Pick<Run, 'dir'>, result: ScenarioResult): void {
  const file = new NdjsonAppender(join(run.dir, RUN_FILES.results))
  try {
    file.append(result, { durable: true })
  } finally {
    file.close()
  }
}

/** What the API server knows of the run's namespace, to `logs/<scenario>/`, before it is healed. */
async function collectEvidence(run: Run, info: ScenarioInfo): Promise<void> {
  const { cluster, target, dir } = run
  const logs = join(dir, RUN_FILES.logs, slug(info.id))
  try {
    await run.timeline.span('collect', {}, () =>
      within({ what: 'logs and state of a failed scenario', budget: 'collect' }, () =>
        collectCluster(cluster, target.namespace, logs),
      ),
    )
  } catch {
    // The span wrote it down; a verdict is never lost to a log that can't be fetched.
  }
}

/** What the scenario's faults did, from what the run has written until now. */
async function measureFaults(
  run: Run,
  info: ScenarioInfo,
  startedAtMs: number,
  evidence: readonly Evidence[],
): Promise<readonly FaultNumbers[]> {
  const of = { scenario: info.id, startedAtMs, endedAtMs: run.timeline.nowMs() }
  try {
    return await run.timeline.span('numbers', { text: 'Work out what the faults did' }, () =>
      readNumbers(run.dir, of, evidence),
    )
  } catch {
    // The span wrote it down; a verdict is never lost to a number.
    return []
  }
}

async function healScenario(run: Run, id: string): Promise<CleanupError | undefined> {
  const due = run.journal
    .pending()
    .filter(({ scenario, scope }) => scenario === id && scope === 'scenario')
  if (due.length === 0) return undefined
  const failures = await run.timeline.span('heal', { text: `Heal what ${id} broke` }, () =>
    undoAll(run, due),
  )
  return failures.length > 0 ? cleanupError(failures) : undefined
}

function cleanupError(failures: readonly { text: string; error: unknown }[]): CleanupError {
  return new CleanupError(failures.map(({ text }) => text).join(' '), {
    cause: failures[0]?.error,
    hint: 'npx zonefall cleanup tries again.',
  })
}
