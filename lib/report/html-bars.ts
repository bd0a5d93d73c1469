import type { BarChart } from '../model/scenario.ts'
import { html, type Markup } from './markup.ts'
import { cutLine } from './text.ts'

/** What is drawn of a value that is there, however little it is beside the longest; of 1000. */
const LEAST = 2

/** Bars with their labels and values, on one scale. */
export function barChart({ title, bars }: BarChart): Markup {
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  return html`<h4>${title}</h4>
    <div class="timeline">
      ${bars.map(({ label, value, text, isReference }) => {
        const width = value <= 0 ? 0 : Math.max(LEAST, Math.round((value / longest) * 1000))
        return html`<div class="row">
          <div class="label"><span>${cutLine(label, 160)}</span><span>${text}</span></div>
          <svg class="track" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
            <rect
              class="${isReference ? 'reference' : 'bar'}"
              x="0"
              y="0"
              width="${width}"
              height="10"
            />
          </svg>
        </div>`
      })}
    </div>`
}
