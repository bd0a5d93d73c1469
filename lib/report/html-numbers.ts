import type { FaultNumbers, FaultPhase, ZoneService } from '../model/fault-numbers.ts'
import { numbersLine, outageText, PHASE_WORDS, shareText } from './fault-numbers.ts'
import { html, type Markup } from './markup.ts'
import { boundText, formatDuration } from './text.ts'

/** A scheduler's explanation fits; what else is said is in the timeline. */
const EVIDENCE_LIMIT = 600

/** What a scenario's faults did, as tables for its card; nothing where it broke nothing. */
export function numbersTables(all: readonly FaultNumbers[]): Markup | undefined {
  if (all.length === 0) return undefined
  return html`<h4>What the fault did</h4>
    ${all.map(
      (numbers) =>
        html`<p>${numbersLine(numbers)}</p>
          ${phasesTable(numbers.phases)} ${zonesTable(numbers.zones)}`,
    )}`
}

function phasesTable(phases: readonly FaultPhase[]): Markup {
  return html`<table class="numbers">
    <tr>
      <th class="at">after</th>
      <th class="at">step</th>
      <th>what</th>
    </tr>
    ${phases.map(
      ({ phase, atMs, lastMs, deltaMs, evidence }) =>
        html`<tr>
          <td class="at">
            ${formatDuration(atMs)}${lastMs === undefined || lastMs === atMs ? undefined : html`<br />… ${formatDuration(lastMs)}`}
          </td>
          <td class="at soft">${deltaMs === 0 ? '' : `+ ${formatDuration(deltaMs)}`}</td>
          <td>
            ${PHASE_WORDS[phase]}
            <span class="soft">${boundText(evidence, EVIDENCE_LIMIT)}</span>
          </td>
        </tr>`,
    )}
  </table>`
}

function zonesTable(zones: readonly ZoneService[]): Markup | undefined {
  if (zones.length === 0) return undefined
  return html`<table class="numbers whole-words">
    <tr>
      <th>zone</th>
      <th>served</th>
      <th>RTO</th>
      <th>p99</th>
    </tr>
    ${zones.map(
      (zone) =>
        html`<tr>
          <td>${zone.zone}</td>
          <td>
            ${shareText(zone)}
            <span class="soft">${zone.ok} of ${zone.due}${unserved(zone)}</span>
          </td>
          <td>
            ${outageText(zone) ?? 'no failure'}
            <span class="soft">longest gap: ${formatDuration(zone.longestGapMs)}</span>
          </td>
          <td>
            ${duration(zone.p99Ms)} <span class="soft">before: ${duration(zone.p99BeforeMs)}</span>
          </td>
        </tr>`,
    )}
  </table>`
}

function unserved({ fail, info }: ZoneService): string {
  const parts = [
    ...(fail === 0 ? [] : [`${fail} failed`]),
    ...(info === 0 ? [] : [`${info} without a known end`]),
  ]
  return parts.length === 0 ? '' : `, ${parts.join(', ')}`
}

function duration(ms: number | undefined): string {
  return ms === undefined ? '–' : formatDuration(ms)
}
