import { randomInt } from 'node:crypto'

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'

/** A run's id, sortable by time: `20261121-063012-k3f9`, in UTC. Fit for a Kubernetes label. */
export function newRunId(now: Date = new Date()): string {
  const [day = '', time = ''] = now.toISOString().split('T')
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${randomLetters(4)}`
}

/** Random lower-case letters and digits that are hard to mix up; not seeded. */
export function randomLetters(count: number): string {
  return Array.from({ length: count }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}

/** A text as part of an id or a file's name: lower case, dashes, at most `maxLength` long. */
export function slug(text: string, maxLength = 80): string {
  const words = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return words.length <= maxLength ? words : words.slice(0, maxLength).replace(/-[^-]*$/, '')
}
