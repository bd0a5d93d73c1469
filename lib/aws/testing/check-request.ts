import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/** What is used of the SDK's own reader of its schemas, smithy's `NormalizedSchema`. */
interface Shape {
  getName(): string | undefined
  getSchema(): unknown
  isStructSchema(): boolean
  isListSchema(): boolean
  isNumericSchema(): boolean
  isBooleanSchema(): boolean
  isStringSchema(): boolean
  getValueSchema(): Shape
  structIterator(): Iterable<readonly [name: string, member: Shape]>
}

/** Says what is wrong with an operation's input, a sentence each. */
export type RequestCheck = (operation: string, input: unknown) => readonly string[]

const INPUT_AT = 4
/** `[3, namespace, name, traits, names, shapes, required?]`, the required members first. */
const NAMES_AT = 4
const REQUIRED_AT = 6

const reader = z.object({
  NormalizedSchema: z.custom<{ of(schema: unknown): Shape }>(
    (value) => typeof value === 'function',
  ),
})
const parts = z.tuple([z.unknown()]).rest(z.unknown())
const enumeration = z.record(z.string(), z.string())
const record = z.record(z.string(), z.unknown())

/**
 * Checks requests against AWS's model as an SDK ships it: the SDK's own serializer passes over
 * members that it doesn't know and values that no enumeration has, without a word.
 */
export async function loadRequestCheck(sdk: `@aws-sdk/client-${string}`): Promise<RequestCheck> {
  const entry = createRequire(import.meta.url).resolve(sdk)
  const all: Readonly<Record<string, unknown>> = await import(entry)
  // The reader that the SDK itself uses, wherever it is installed.
  const core = createRequire(entry).resolve('@smithy/core/schema')
  const { NormalizedSchema } = reader.parse(await import(core))
  const folder = join(dirname(entry), '../dist-types/models')
  const declarations = readdirSync(folder)
    .filter((file) => /^models_\d+\.d\.ts$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n')

  /** The values that a member may have; undefined when it is no enumeration. */
  const valuesOf = (structure: string, member: string): readonly string[] | undefined => {
    const begin = declarations.indexOf(`export interface ${structure} {`)
    const body = begin < 0 ? '' : declarations.slice(begin, declarations.indexOf('\n}', begin))
    const type = new RegExp(`^    ${member}\\??: \\(?(\\w+)[^;]*;`, 'm').exec(body)?.[1]
    const found = enumeration.safeParse(all[type ?? ''])
    return found.success ? Object.values(found.data) : undefined
  }

  const check = (path: string, shape: Shape, value: unknown): readonly string[] => {
    if (shape.isListSchema()) {
      return Array.isArray(value)
        ? value.flatMap((one, index) => check(`${path}[${index}]`, shape.getValueSchema(), one))
        : [`${path} is a list`]
    }
    if (shape.isStructSchema()) return checkStructure(path, shape, value)
    const kind = shape.isNumericSchema()
      ? 'number'
      : shape.isBooleanSchema()
        ? 'boolean'
        : shape.isStringSchema()
          ? 'string'
          : undefined
    // oxlint-disable-next-line valid-typeof -- it is one of the three
    return kind === undefined || typeof value === kind ? [] : [`${path} is a ${kind}`]
  }

  const checkStructure = (path: string, shape: Shape, value: unknown): readonly string[] => {
    const given = record.safeParse(value)
    if (!given.success) return [`${path} is an object`]
    const names = z.array(z.string()).parse(parts.parse(shape.getSchema())[NAMES_AT])
    const required = z.number().default(0).parse(parts.parse(shape.getSchema())[REQUIRED_AT])
    const faults = Object.keys(given.data)
      .filter((name) => !names.includes(name))
      .map((name) => `${path} has no member ${name}`)
    for (const [member, type] of shape.structIterator()) {
      const content = given.data[member]
      const at = `${path}.${member}`
      if (content === undefined) {
        if (names.indexOf(member) < required) faults.push(`${at} is required, and missing`)
        continue
      }
      faults.push(...check(at, type, content))
      const allowed = valuesOf(shape.getName() ?? '', member)
      for (const one of allowed === undefined ? [] : [content].flat()) {
        if (typeof one === 'string' && !allowed?.includes(one)) {
          faults.push(`${at} is one of ${allowed?.slice(0, 20).join(', ')}, not ${one}`)
        }
      }
    }
    return faults
  }

  return (operation, input) => {
    const schema = all[`${operation}$`]
    return Array.isArray(schema)
      ? check(operation, NormalizedSchema.of(schema[INPUT_AT]), input)
      : [`${sdk} has no operation ${operation}`]
  }
}

/** A client of any of the SDKs: each has its own type of middleware. */
interface AnyClient {
  readonly middlewareStack: { add(middleware: never, options: never): void }
}

type Send = (args: { readonly input: object }) => Promise<unknown>

/** Fails every request of a client that is not as the model says, before it is sent. */
export function refuseWrongRequests(
  client: AnyClient,
  check: RequestCheck,
  tell: (operation: string) => void = () => undefined,
): void {
  const middleware =
    (next: Send, { commandName = '' }: { readonly commandName?: string }): Send =>
    (args) => {
      const operation = commandName.replace(/Command$/, '')
      tell(operation)
      const faults = check(operation, args.input)
      if (faults.length > 0) throw new Error(`AWS knows no such request: ${faults.join('; ')}`)
      return next(args)
    }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the SDKs' types share
  client.middlewareStack.add(middleware as never, { step: 'initialize' } as never)
}
