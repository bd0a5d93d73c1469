import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/** What is used of the SDK's own reader of its schemas, smithy's `NormalizedSchema`. */
export interface Shape {
  getName(): string | undefined
  getSchema(): unknown
  isUnitSchema(): boolean
  isStructSchema(): boolean
  isListSchema(): boolean
  isMapSchema(): boolean
  isNumericSchema(): boolean
  isBooleanSchema(): boolean
  isTimestampSchema(): boolean
  isStringSchema(): boolean
  getValueSchema(): Shape
  getMergedTraits(): { readonly xmlName?: string; readonly ec2QueryName?: string }
  structIterator(): Iterable<readonly [name: string, member: Shape]>
}

/** AWS's model of one service, as its SDK ships it. */
export interface AwsModel {
  /** The operation that a request line asks for, of a service whose requests have paths. */
  operationOf(method: string, path: string): string | undefined
  /** Shape of an operation's answer; undefined when there is no such operation. */
  output(operation: string): Shape | undefined
  /** The values that a member may have; undefined when it is no enumeration. */
  values(structure: string, member: string): readonly string[] | undefined
  /** Whether a member always has a value. */
  isRequired(structure: Shape, member: string): boolean
}

/** `[9, namespace, name, traits, input, output]` */
const NAME_AT = 2
const TRAITS_AT = 3
const OUTPUT_AT = 5
/** `[3, namespace, name, traits, names, shapes, required?]`, the required members first. */
const NAMES_AT = 4
const REQUIRED_AT = 6

const reader = z.object({
  NormalizedSchema: z.custom<{ of(schema: unknown): Shape }>(
    (value) => typeof value === 'function',
  ),
})
const structure = z.tuple([z.unknown()]).rest(z.unknown())
const enumeration = z.record(z.string(), z.string())
/** `{ http: ['GET', '/clusters/{name}', 200] }` */
const routed = z.object({ http: z.tuple([z.string(), z.string(), z.number()]) })

/**
 * Reads the model of a service out of its SDK: operations and shapes from the schemas that its
 * serializers work by, enumerations from its declarations, for the schemas have none.
 */
export async function loadAwsModel(sdk: `@aws-sdk/client-${string}`): Promise<AwsModel> {
  const { resolve } = createRequire(import.meta.url)
  const entry = resolve(sdk)
  const all: Readonly<Record<string, unknown>> = await import(entry)
  // The reader that the SDK itself uses, wherever it is installed.
  const core = createRequire(entry).resolve('@smithy/core/schema')
  const { NormalizedSchema } = reader.parse(await import(core))
  const declarations = declarationsOf(join(dirname(entry), '../dist-types/models'))
  return {
    operationOf(method, path) {
      for (const [name, schema] of Object.entries(all)) {
        if (!name.endsWith('$') || !Array.isArray(schema)) continue
        const traits = routed.safeParse(schema[TRAITS_AT])
        if (!traits.success || traits.data.http[0] !== method) continue
        const pattern = traits.data.http[1].replaceAll(/\{\w+\}/g, '[^/]+')
        if (new RegExp(`^${pattern}$`).test(path)) return String(schema[NAME_AT])
      }
      return undefined
    },
    output(operation) {
      const schema = all[`${operation}$`]
      return Array.isArray(schema) ? NormalizedSchema.of(schema[OUTPUT_AT]) : undefined
    },
    values(name, member) {
      const type = memberType(declarations, name, member)
      // A type that isn't exported as a value is no enumeration.
      const found = enumeration.safeParse(all[type ?? ''])
      return found.success ? Object.values(found.data) : undefined
    },
    isRequired(shape, member) {
      const schema = structure.parse(shape.getSchema())
      const count = z.number().default(0).parse(schema[REQUIRED_AT])
      return z.array(z.string()).parse(schema[NAMES_AT]).indexOf(member) < count
    },
  }
}

const declarationsOf = (folder: string): string =>
  readdirSync(folder)
    .filter((file) => /^models_\d+\.d\.ts$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n')

/** `State?: VolumeState | undefined;` → `VolumeState`, and so for a list of them. */
function memberType(declarations: string, structureName: string, member: string) {
  const begin = declarations.indexOf(`export interface ${structureName} {`)
  if (begin < 0) return undefined
  const body = declarations.slice(begin, declarations.indexOf('\n}', begin))
  const line = new RegExp(`^    ${member}\\??: \\(?(\\w+)[^;]*;`, 'm')
  return line.exec(body)?.[1]
}
