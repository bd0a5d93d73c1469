import { InvalidArgumentError } from 'commander'
import { join } from 'node:path'
import { PROJECT_ROOT } from '../engine/collect.ts'
import type { Tier } from '../model/scenario.ts'
import { nearest } from '../std/nearest.ts'

/** Where runs' folders go unless told otherwise. */
export const DEFAULT_OUT = join(PROJECT_ROOT, 'reports')

/** Parses an option that has to be one of a few words; names the nearest when it isn't. */
export function oneOf<T extends string>(choices: readonly T[]): (value: string) => T {
  return (value) => {
    const found = choices.find((choice) => choice === value)
    if (found !== undefined) return found
    const guess = nearest(value, choices)
    throw new InvalidArgumentError(
      `It must be one of ${choices.join(', ')}.${guess === undefined ? '' : ` Did you mean ${guess}?`}`,
    )
  }
}

/** Gathers an option that may be given several times, or once with commas. */
export function list(value: string, before: readonly string[] = []): string[] {
  return [...before, ...value.split(',').map((item) => item.trim())].filter((item) => item !== '')
}

/** Gathers `NAME=PATH` options. */
export function namedPath(
  value: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const [, name, path] = /^([a-z][a-z0-9-]*)=(.+)$/.exec(value) ?? []
  if (name === undefined || path === undefined) {
    throw new InvalidArgumentError('It must look like cassandra=/path/to/manifests.')
  }
  return { ...before, [name]: path }
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const

/** Parses `90s`, `20m`, `2h` into milliseconds. */
export function duration(value: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(value) ?? []
  const factor = unit === 's' || unit === 'm' || unit === 'h' ? UNITS[unit] : undefined
  if (amount === undefined || factor === undefined || Number(amount) === 0) {
    throw new InvalidArgumentError('It must be a time like 90s, 20m or 2h.')
  }
  return Number(amount) * factor
}

/** Parses an amount of money. */
export function amount(value: string): number {
  if (!/^\d+(\.\d+)?$/.test(value)) throw new InvalidArgumentError('It must be a number like 2.50.')
  return Number(value)
}

/** Parses a number of things: 1, 2, 3, … */
export function count(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.')
  return Number(value)
}

/** Parses a name that Kubernetes takes for a namespace. */
export function namespaceName(value: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) {
    throw new InvalidArgumentError('It must be lower-case letters, digits and dashes, at most 63.')
  }
  return value
}

/** A filter means those scenarios whatever their tier; without one the smoke tier runs. */
export function effectiveTier(tier: Tier | undefined, filters: readonly string[]): Tier {
  return tier ?? (filters.length > 0 ? 'full' : 'smoke')
}
