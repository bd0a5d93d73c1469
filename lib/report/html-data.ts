import { html, type Markup } from './markup.ts'
import { formatValue } from './text.ts'

/** A page stays readable, and small, with this much of one table. */
const MAX_ROWS = 50
const MAX_COLUMNS = 10
const VALUE_LIMIT = 4_000

/**
 * What a check saw, for a person: lists of like things as tables, the rest as it is. Folded away
 * unless `isOpen`: the sentence above says what it comes to.
 */
export function dataTables(
  data: Readonly<Record<string, unknown>> | undefined,
  isOpen: boolean,
): Markup | undefined {
  const entries = Object.entries(data ?? {})
  if (entries.length === 0) return undefined
  const body = entries.map(
    ([name, value]) =>
      html`<tr>
        <th class="soft">${name}</th>
        <td>${valueMarkup(value)}</td>
      </tr>`,
  )
  const table = html`<table class="data">
    ${body}
  </table>`
  return isOpen
    ? table
    : html`<details>
        <summary>What was seen</summary>
        ${table}
      </details>`
}

function valueMarkup(value: unknown): Markup {
  const rows = asRows(value)
  if (rows === undefined) return plain(value)
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, MAX_COLUMNS)
  const left = rows.length - MAX_ROWS
  return html`<table class="data">
    <tr>
      ${columns.map((column) => html`<th class="soft">${column}</th>`)}
    </tr>
    ${rows.slice(0, MAX_ROWS).map(
      (row) =>
        html`<tr>
          ${columns.map((column) => html`<td>${column in row ? plain(row[column]) : ''}</td>`)}
        </tr>`,
    )}
    ${
      left > 0
        ? html`<tr>
            <td class="soft">and ${left} more in report.json</td>
          </tr>`
        : undefined
    }
  </table>`
}

/** The rows of a list of things with names for what they are; undefined of anything else. */
function asRows(value: unknown): Readonly<Record<string, unknown>>[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const rows = value.filter((item) => isPlain(item))
  return rows.length === value.length ? rows : undefined
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function plain(value: unknown): Markup {
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
  return html`<code>${formatValue(isList ? value.join(', ') : value, VALUE_LIMIT)}</code>`
}
