import { stripVTControlCharacters } from 'node:util'

/**
 * Texts in reports come from pods, nodes and drivers: they may hold colours, control characters,
 * lone surrogates and megabytes. Everything that is shown or written goes through here.
 */

const DAY_S = 86_400

/** What XML 1.0 can't hold, not even escaped (https://www.w3.org/TR/xml/#charsets). */
// oxlint-disable-next-line no-control-regex -- these are the very characters to be removed
const ILLEGAL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u0084\u0086-\u009F\uFFFE\uFFFF]/g

/** A text without colours, control characters and lone surrogates; lines and tabs stay. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(ILLEGAL, '�')
    .toWellFormed()
}

/** The same on one line, for lists and attributes. */
export function cleanLine(text: string): string {
  return cleanText(text)
    .replaceAll(/\s*[\n\t\u0085\u2028\u2029]\s*/g, ' ')
    .trim()
}

/** A text of at most `maxLength` UTF-16 units: its start and end are kept, and what was cut is said. */
export function boundText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const note = `\n… ${text.length - maxLength} more characters …\n`
  const kept = Math.max(0, maxLength - note.length)
  const head = Math.ceil(kept * 0.7)
  const tail = kept - head
  return `${text.slice(0, head)}${note}${tail === 0 ? '' : text.slice(-tail)}`.toWellFormed()
}

/** A text on one line, cut with an ellipsis; for titles and lists. `columns` is at least 1. */
export function cutLine(text: string, columns: number): string {
  const letters = lettersOf(cleanLine(text.slice(0, columns * 8 + 1000)))
  return letters.length <= columns ? letters.join('') : `${letters.slice(0, columns - 1).join('')}…`
}

/** Lines of at most `columns` columns, broken between words; a longer word is broken inside. */
export function wrapText(text: string, columns: number): string[] {
  const width = Math.max(1, columns)
  return cleanText(text)
    .split('\n')
    .flatMap((paragraph) => wrapParagraph(paragraph.trimEnd(), width))
}

/** Code points, as a terminal counts them but for wide ones. */
export function lettersOf(text: string): string[] {
  return Array.from(text)
}

function wrapParagraph(paragraph: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of paragraph.split(/(?<=\S)\s+/)) {
    const joined = line === '' ? word : `${line} ${word}`
    if (lettersOf(joined).length <= width) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    const letters = lettersOf(word)
    while (letters.length > width) lines.push(letters.splice(0, width).join(''))
    line = letters.join('')
  }
  lines.push(line)
  return lines
}

/** A duration for a person: `640 ms`, `4.3 s`, `81 s`, `6 min 02 s`, `1 h 04 min`, `57.9 days`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '?'
  if (ms < 950) return `${Math.round(ms)} ms`
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  const pad = (value: number): string => String(value).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`
  if (seconds >= 2 * DAY_S) return `${(seconds / DAY_S).toFixed(1)} days`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`
}

/** Plain data on one line, for a person: `reasons: 2 × taint, 1 × volume`. Never longer than `maxLength`. */
export function formatValue(value: unknown, maxLength = 400): string {
  const text = typeof value === 'string' ? value : (safeJson(value) ?? String(value))
  return cutLine(text, maxLength)
}

/** JSON of anything: cycles, big integers and errors included. */
export function safeJson(value: unknown, indent?: number): string | undefined {
  const above: unknown[] = []
  return JSON.stringify(
    value,
    function (this: unknown, _key, item: unknown) {
      if (typeof item === 'bigint') return String(item)
      if (item instanceof Error) return `${item.name}: ${item.message}`
      if (item === null || typeof item !== 'object') return item
      while (above.length > 0 && above.at(-1) !== this) above.pop()
      if (above.includes(item)) return '[circular]'
      above.push(item)
      return item
    },
    indent,
  )
}
