import type { Evidence, ScenarioOutcome, ScenarioResult } from '../model/scenario.ts'
import { countOutcomes, type RunSummary } from '../model/summary.ts'
import { concerns, type TimelineEvent } from '../model/timeline.ts'
import { barChart } from './html-bars.ts'
import { dataTables } from './html-data.ts'
import { numbersTables } from './html-numbers.ts'
import { STYLE } from './html-style.ts'
import { timelineChart } from './html-timeline.ts'
import { html, Markup } from './markup.ts'
import { pairSpans, type Span } from './spans.ts'
import { boundText, formatDuration } from './text.ts'

const OUTCOMES: readonly ScenarioOutcome[] = ['pass', 'fail', 'unknown', 'skipped']
const WORDS = { pass: 'passed', fail: 'failed', unknown: 'unknown', skipped: 'skipped' } as const
const MARKS = { true: '✔', false: '✘', unknown: '?' } as const
const TEXT_LIMIT = 16 * 1024
const MAX_INSTANTS_OF_RUN = 200

/**
 * The run as one page that needs nothing else: no script, no font, no request (its content policy
 * forbids them). Secrets have to be gone from what comes in.
 */
export function toHtml(summary: RunSummary, events: readonly TimelineEvent[]): string {
  const spans = pairSpans(events)
  const instants = events.filter((event) => !/\.(begin|end)$/.test(event.kind))
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${overall(summary)} · zonefall ${summary.runId}</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        ${header(summary)} ${troubles(summary)}
        <main>
          <h2>Scenarios</h2>
          <p class="soft key">
            In timelines: <b class="step"></b> a step, <b class="wait"></b> a wait,
            <b class="instant"></b> something that happened, <b class="late"></b> what took too long
            or failed.
          </p>
          ${summary.results.length === 0 ? html`<p class="soft">No scenario ran.</p>` : undefined}
          ${summary.results.map((result) => scenarioCard(result, spans, instants))}
        </main>
        ${runTimeline(summary, spans, instants)} ${targetFacts(summary)} ${files(summary)}
      </body>
    </html> `.text
}

/** One word for the whole run, for the title and the top. */
function overall(summary: RunSummary): string {
  const words: Record<RunSummary['exitCode'], string> = {
    0: 'pass',
    1: 'fail',
    2: 'unknown',
    3: 'refused',
    4: 'not undone',
    5: 'harness broken',
    130: 'interrupted',
    143: 'interrupted',
  }
  return words[summary.exitCode]
}

function header(summary: RunSummary): Markup {
  const counts = countOutcomes(summary.results)
  const colour = summary.exitCode === 0 ? 'pass' : summary.exitCode === 2 ? 'unknown' : 'fail'
  const { target } = summary
  return html`<header>
    <h1>
      zonefall: <span class="word ${colour}" style="font-size:inherit">${overall(summary)}</span>
    </h1>
    <p>${summary.verdictText}</p>
    <p class="soft">
      ${summary.startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')} ·
      ${formatDuration(summary.durationMs)} · target ${target.kind} (${target.context}) · Kubernetes
      ${target.kubernetesVersion} · tier ${summary.tier} · seed
      ${summary.seed}${summary.sabotage === undefined ? '' : ` · with the planted defect ${summary.sabotage}`}
      · run ${summary.runId}
    </p>
    <div class="counts">
      ${OUTCOMES.map(
        (outcome) =>
          html`<div class="${counts[outcome] === 0 ? 'none' : ''}">
            <b>${counts[outcome]}</b><span class="word ${outcome}">${WORDS[outcome]}</span>
          </div>`,
      )}
    </div>
  </header>`
}

function troubles(summary: RunSummary): Markup | undefined {
  const groups: readonly (readonly [string, readonly string[]])[] = [
    ['Not undone', summary.undoErrors],
    ['Left behind', summary.leaks],
    ['The harness itself', summary.harnessErrors],
    [
      'Interrupted',
      summary.interruptedBy === undefined ? [] : [`The run was ended by ${summary.interruptedBy}.`],
    ],
  ]
  const told = groups.filter(([, sentences]) => sentences.length > 0)
  if (told.length === 0) return undefined
  return html`<section class="card fail">
    ${told.map(
      ([title, sentences]) =>
        html`<h4>${title}</h4>
          <ul>
            ${sentences.map((sentence) => html`<li>${boundText(sentence, TEXT_LIMIT)}</li>`)}
          </ul>`,
    )}
  </section>`
}

function scenarioCard(
  result: ScenarioResult,
  spans: readonly Span[],
  instants: readonly TimelineEvent[],
): Markup {
  const chart = timelineChart(
    spans.filter((span) => span.scenario === result.id && span.kind !== 'scenario'),
    instants.filter((event) => event.scenario === result.id || isDuring(event, result)),
    [result.startedAtMs, result.startedAtMs + result.durationMs],
  )
  const why = result.outcome === 'pass' ? undefined : result.reason
  const took = result.outcome === 'skipped' ? [] : [formatDuration(result.durationMs)]
  const facts = [result.id, ...took, result.tags.join(', ')].join(' · ')
  return html`<article class="card ${result.outcome}">
    <div class="head">
      <h3>${result.claim}</h3>
      <span class="word ${result.outcome}">${WORDS[result.outcome]}</span>
    </div>
    <p class="soft">${facts}</p>
    ${why === undefined ? undefined : reason(result.errorClass, why)}
    ${result.hint === undefined ? undefined : html`<p class="hint">${result.hint}</p>`}
    ${numbersTables(result.numbers ?? [])}
    ${result.evidence.length === 0 ? undefined : evidenceList(result.evidence)}
    ${
      chart === undefined
        ? undefined
        : html`<details ${new Markup(result.outcome === 'pass' ? '' : 'open')}>
            <summary>Timeline</summary>
            ${chart}
          </details>`
    }
    ${
      result.stack === undefined
        ? undefined
        : html`<details>
            <summary>Stack</summary>
            <pre>${boundText(result.stack, TEXT_LIMIT)}</pre>
          </details>`
    }
  </article>`
}

function reason(errorClass: string | undefined, text: string): Markup {
  const name = errorClass === undefined ? '' : `${errorClass}: `
  return html`<p class="reason">${name}${boundText(text, TEXT_LIMIT)}</p>`
}

function evidenceList(evidence: readonly Evidence[]): Markup {
  return html`<h4>Evidence</h4>
    <ul class="evidence">
      ${evidence.map(
        (one) =>
          html`<li class="${one.verdict}">
            <span class="mark">${MARKS[one.verdict]}</span>
            <div>
              <div>${one.check}: ${boundText(one.summary, TEXT_LIMIT)}</div>
              ${one.chart === undefined ? undefined : barChart(one.chart)}
              ${dataTables(one.data, one.verdict !== 'true' || one.chart !== undefined)}
            </div>
          </li>`,
      )}
    </ul>`
}

/** What the cluster did is seen by the supervisor, which knows no scenario: its time tells. */
function isDuring(event: TimelineEvent, result: ScenarioResult): boolean {
  const { startedAtMs, durationMs } = result
  return (
    event.source === 'kubernetes' &&
    event.atMs >= startedAtMs &&
    event.atMs <= startedAtMs + durationMs &&
    concerns(event, result.id)
  )
}

/** What belongs to no scenario: bring-up, tear-down, and the scenarios themselves as bars. */
function runTimeline(
  summary: RunSummary,
  spans: readonly Span[],
  instants: readonly TimelineEvent[],
): Markup | undefined {
  const known = new Set(summary.results.map((result) => result.id))
  const ofRun = (scenario?: string): boolean => scenario === undefined || !known.has(scenario)
  const scenarios: Span[] = summary.results
    .filter((result) => result.durationMs > 0)
    .map((result) => ({
      kind: 'step',
      text: result.claim,
      source: 'scenario',
      beginMs: result.startedAtMs,
      endMs: result.startedAtMs + result.durationMs,
      closed: true,
    }))
  const chart = timelineChart(
    [...spans.filter((span) => ofRun(span.scenario)), ...scenarios],
    instants
      .filter((event) => event.source !== 'kubernetes' && ofRun(event.scenario))
      .slice(0, MAX_INSTANTS_OF_RUN),
    [0, summary.durationMs],
  )
  return chart === undefined
    ? undefined
    : html`<section>
        <h2>The whole run</h2>
        ${chart}
      </section>`
}

function targetFacts({ target }: RunSummary): Markup {
  return html`<section>
    <h2>Where it ran</h2>
    <table class="stack">
      ${target.zones.map(
        (zone) =>
          html`<tr>
            <th>${zone.name}</th>
            <td>
              ${zone.nodes.map(
                (node) =>
                  html`<div>${node.name} <span class="soft">${node.instanceId}</span></div>`,
              )}
            </td>
          </tr>`,
      )}
      <tr>
        <th>Namespace</th>
        <td>${target.namespace}</td>
      </tr>
      <tr>
        <th>Can do</th>
        <td>${target.capabilities.join(', ')}</td>
      </tr>
    </table>
    ${
      target.images.length === 0
        ? undefined
        : html`<h2>What stands behind each image name</h2>
            <table class="stack">
              ${target.images.map(
                (image) =>
                  html`<tr>
                    <th><code>${image.name}</code></th>
                    <td>${image.standsBehind}</td>
                  </tr>`,
              )}
            </table>`
    }
    ${
      target.differences.length === 0
        ? undefined
        : html`<h2>Where this target differs from EKS</h2>
            <ul>
              ${target.differences.map((difference) => html`<li>${difference}</li>`)}
            </ul>`
    }
  </section>`
}

function files(summary: RunSummary): Markup {
  const names = [
    'junit.xml',
    'report.json',
    summary.timelineFile,
    summary.journalFile,
    ...summary.logFiles,
  ]
  return html`<section>
    <h2>Files of the run</h2>
    <ul>
      ${names.map((name) => html`<li><a href="${encodeURI(`./${name}`)}">${name}</a></li>`)}
    </ul>
  </section>`
}
