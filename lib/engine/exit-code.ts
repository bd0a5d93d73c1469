import { countOutcomes, type ExitCode, type RunSummary } from '../model/summary.ts'

/** What decides how a run ends. */
export type Ending = Pick<RunSummary, 'results' | 'leaks' | 'undoErrors' | 'harnessErrors'> & {
  readonly interruptedBy?: RunSummary['interruptedBy']
}

/**
 * The exit code of a run and the sentence that explains it. If several hold: something could not
 * be undone (4), the run was interrupted (130/143), the harness broke (5), a scenario failed (1),
 * a verdict is unknown (2). Nothing proven, because all was skipped, is unknown as well.
 */
export function decideExit(ending: Ending): { exitCode: ExitCode; verdictText: string } {
  const { leaks, undoErrors, harnessErrors, interruptedBy, results } = ending
  const counts = countOutcomes(results)
  const left = undoErrors.length + leaks.length
  if (left > 0) {
    const what = [...undoErrors, ...leaks][0] ?? ''
    return {
      exitCode: 4,
      verdictText: `Not everything is as it was before: ${clause(what)}${andMore(left)}`,
    }
  }
  if (interruptedBy === 'SIGINT' || interruptedBy === 'SIGTERM') {
    return {
      exitCode: interruptedBy === 'SIGINT' ? 130 : 143,
      verdictText: 'Interrupted; everything was undone',
    }
  }
  const foreign = results.filter((result) => result.foreign)
  if (harnessErrors.length > 0 || foreign.length > 0) {
    const what = harnessErrors[0] ?? `${foreign[0]?.id}: ${foreign[0]?.reason}`
    return {
      exitCode: 5,
      verdictText: `The harness itself broke: ${clause(what)}${andMore(harnessErrors.length + foreign.length)}`,
    }
  }
  if (counts.fail > 0) {
    return {
      exitCode: 1,
      verdictText: `${plural(counts.fail, 'claim does', 'claims do')} not hold`,
    }
  }
  if (counts.unknown > 0) {
    return {
      exitCode: 2,
      verdictText: `${plural(counts.unknown, 'verdict is', 'verdicts are')} unknown`,
    }
  }
  if (counts.pass === 0) {
    return { exitCode: 2, verdictText: 'Nothing was proven: every scenario was skipped' }
  }
  return { exitCode: 0, verdictText: plural(counts.pass, 'claim holds', 'claims hold') }
}

/** A sentence as part of another one, which goes on behind it. */
function clause(sentence: string): string {
  return sentence.replace(/\.$/, '')
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

function andMore(count: number): string {
  return count > 1 ? ` (and ${count - 1} more)` : ''
}
