import { z } from 'zod'
import { type ApiError, invalidValue, missingParameter, unknownParameter } from '../api-error.ts'

/** The parameters of a request as they came: `Filter.1.Value.2` → text. */
export type Form = ReadonlyMap<string, string>

type Node = string | { [key: string]: Node }

/** Parameters of a list that are objects or texts: `Filter.1.Name`, `InstanceId.1`. */
export const list = <T extends z.ZodType>(item: T) => z.array(item)
export const text = z.string()
export const flag = z.stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' })
export const integer = z
  .string()
  .regex(/^-?\d{1,10}$/)
  .transform(Number)
  .refine((value) => value >= -(2 ** 31) && value < 2 ** 31)

export const tagParameter = z.strictObject({ Key: text, Value: text.default('') })
export const tagSpecifications = list(
  z.strictObject({ ResourceType: text, Tag: list(tagParameter).default([]) }),
).default([])

export const filterParameters = list(z.strictObject({ Name: text, Value: list(text) })).default([])
export const pagingParameters = { MaxResults: integer.optional(), NextToken: text.optional() }

/**
 * Checks a request against an action's table of parameters. Throws UnknownParameter,
 * MissingParameter or InvalidParameterValue; nothing is passed over.
 */
export function parseParameters<T>(schema: z.ZodType<T>, form: Form): T {
  const result = schema.safeParse(toTree(form), { reportInput: true })
  if (result.success) return result.data
  throw toApiError(result.error)
}

/** The dotted names as nested objects, with lists as arrays in the order of their numbers. */
function toTree(form: Form): unknown {
  const root: { [key: string]: Node } = Object.create(null)
  for (const [name, value] of form) {
    if (hasControlCharacter(value)) {
      throw invalidValue(`The value of parameter ${name} holds a character that XML can't carry.`)
    }
    insert(root, name, value)
  }
  return withArrays(root)
}

function insert(root: { [key: string]: Node }, name: string, value: string): void {
  const path = name.split('.')
  const last = path.pop() ?? ''
  let at = root
  for (const step of path) {
    const next = (at[step] ??= Object.create(null))
    if (typeof next === 'string') throw unknownParameter(name)
    at = next
  }
  if (last === '' || at[last] !== undefined) throw unknownParameter(name)
  at[last] = value
}

function withArrays(node: Node): unknown {
  if (typeof node === 'string') return node
  const entries = Object.entries(node)
  if (entries.every(([key]) => /^[1-9]\d{0,4}$/.test(key)) && entries.length > 0) {
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => withArrays(child))
  }
  return Object.fromEntries(entries.map(([key, child]) => [key, withArrays(child)]))
}

function hasControlCharacter(value: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for: XML 1.0, section 2.2
  return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(value) || !value.isWellFormed()
}

function toApiError(error: z.ZodError): ApiError {
  const unknown = error.issues.find((issue) => issue.code === 'unrecognized_keys')
  if (unknown?.code === 'unrecognized_keys') {
    return unknownParameter(wireName([...unknown.path, unknown.keys[0] ?? '']))
  }
  const issue = error.issues[0]
  if (issue === undefined) return invalidValue('The request could not be understood.')
  const name = wireName(issue.path)
  if (issue.input === undefined) return missingParameter(name)
  // A text where a list belongs, or the other way round, is a name that no table has.
  if (issue.code === 'invalid_type') return unknownParameter(name)
  const value = typeof issue.input === 'string' ? issue.input : JSON.stringify(issue.input)
  return invalidValue(`Value (${value}) for parameter ${lowerFirst(name)} is invalid.`)
}

const wireName = (path: readonly PropertyKey[]): string =>
  path.map((step) => (typeof step === 'number' ? step + 1 : String(step))).join('.')

/** EC2 calls parameters `volumeId` where it complains about their values. */
const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)
