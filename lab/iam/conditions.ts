import type { ConditionKeys } from './access.ts'
import { matches, matchesArn } from './wildcard.ts'

/** A policy's `Condition`: operator → condition key → values. */
export type Condition = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

type Test = (wanted: string, value: string) => boolean

const same: Test = (wanted, value) => wanted === value
const sameIgnoringCase: Test = (wanted, value) => wanted.toLowerCase() === value.toLowerCase()
const like: Test = (wanted, value) => matches(wanted, value)

interface Operator {
  readonly test: Test
  /** Holds when no value passes the test, and where the key is absent. */
  readonly negated: boolean
}

const is = (test: Test): Operator => ({ test, negated: false })
const isNot = (test: Test): Operator => ({ test, negated: true })

/** Source: IAM user guide, "IAM JSON policy elements: Condition operators". */
const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['StringEquals', is(same)],
  ['StringNotEquals', isNot(same)],
  ['StringEqualsIgnoreCase', is(sameIgnoringCase)],
  ['StringNotEqualsIgnoreCase', isNot(sameIgnoringCase)],
  ['StringLike', is(like)],
  ['StringNotLike', isNot(like)],
  ['Bool', is(sameIgnoringCase)],
  ['ArnEquals', is(matchesArn)],
  ['ArnLike', is(matchesArn)],
  ['ArnNotEquals', isNot(matchesArn)],
  ['ArnNotLike', isNot(matchesArn)],
])

const NAME = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/

/** What is wrong with an operator's name, as the end of a sentence; undefined when nothing is. */
export function operatorFault(name: string): string | undefined {
  const [, , plain = ''] = NAME.exec(name) ?? []
  if (name === 'Null' || OPERATORS.has(plain)) return undefined
  return `the lab knows no condition operator ${name}, but Null and ${[...OPERATORS.keys()].join(', ')}, with ForAllValues:, ForAnyValue: and IfExists`
}

/** Whether all operators hold for all of their keys. */
export function conditionHolds(condition: Condition, keys: ConditionKeys): boolean {
  return Object.entries(condition).every(([operator, entries]) =>
    Object.entries(entries).every(([key, wanted]) =>
      holds(operator, wanted, keys.get(key.toLowerCase())),
    ),
  )
}

function holds(
  name: string,
  wanted: readonly string[],
  values: readonly string[] | undefined,
): boolean {
  if (name === 'Null') return wanted.some((word) => (word === 'true') === (values === undefined))
  const [, set, plain = '', ifExists] = NAME.exec(name) ?? []
  const operator = OPERATORS.get(plain)
  if (operator === undefined) throw new Error(`The condition operator ${name} was not refused.`)
  const { test, negated } = operator
  if (values === undefined) return ifExists !== undefined || negated || set === 'ForAllValues'
  const passes = (value: string) => wanted.some((one) => test(one, value)) !== negated
  // Without a word about sets, a negated operator has to hold for every value.
  return set === 'ForAllValues' || (set === undefined && negated)
    ? values.every(passes)
    : values.some(passes)
}
