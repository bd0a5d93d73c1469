import { z } from 'zod'
import { type AwsModel, loadAwsModel, type Shape } from '../../ec2/testing/aws-model.ts'
import { isDocumentedError } from '../../ec2/testing/documented-errors.ts'

/** An answer with what it answers. */
export interface JsonAnswer {
  readonly method: string
  readonly url: string
  /** The header `x-amzn-errortype`. */
  readonly errorType: string | undefined
  readonly body: string
}

const record = z.record(z.string(), z.unknown())
let model: Promise<AwsModel> | undefined

/**
 * Compares an answer of EKS with AWS's model: paths of operations, names of members, shapes, kinds
 * of values, values of enumerations, what is required, and codes of errors.
 *
 * @returns what is wrong, a sentence each
 */
export async function checkJsonAnswer(answer: JsonAnswer): Promise<readonly string[]> {
  const { method, url, errorType, body } = answer
  const content: unknown = JSON.parse(body)
  if (errorType !== undefined) {
    return [
      ...(isDocumentedError('eks', errorType) ? [] : [`eks documents no error ${errorType}`]),
      ...(typeof record.parse(content)['message'] === 'string'
        ? []
        : [`the error ${errorType} has no message`]),
    ]
  }
  const eks = await (model ??= loadAwsModel('@aws-sdk/client-eks'))
  const [path = ''] = url.split('?')
  const operation = eks.operationOf(method, path)
  const output = operation === undefined ? undefined : eks.output(operation)
  if (operation === undefined || output === undefined) return [`eks has no ${method} ${path}`]
  return check(eks, operation, output, content)
}

function check(eks: AwsModel, path: string, shape: Shape, value: unknown): readonly string[] {
  if (shape.isListSchema()) {
    return Array.isArray(value)
      ? value.flatMap((one, index) => check(eks, `${path}[${index}]`, shape.getValueSchema(), one))
      : [`${path} should be a list`]
  }
  if (shape.isMapSchema() || shape.isStructSchema()) {
    const parsed = record.safeParse(value)
    if (!parsed.success) return [`${path} should be an object`]
    return shape.isStructSchema()
      ? checkStructure(eks, path, shape, parsed.data)
      : Object.entries(parsed.data).flatMap(([key, one]) =>
          check(eks, `${path}.${key}`, shape.getValueSchema(), one),
        )
  }
  const kind = kindOf(shape)
  return typeof value === kind ? [] : [`${path} should be a ${kind}`]
}

/** The protocol has times as seconds since 1970. */
function kindOf(shape: Shape): 'number' | 'boolean' | 'string' {
  if (shape.isNumericSchema() || shape.isTimestampSchema()) return 'number'
  return shape.isBooleanSchema() ? 'boolean' : 'string'
}

function checkStructure(
  eks: AwsModel,
  path: string,
  shape: Shape,
  content: Readonly<Record<string, unknown>>,
): readonly string[] {
  const left = new Map(Object.entries(content))
  const faults: string[] = []
  for (const [member, type] of shape.structIterator()) {
    const value = left.get(member)
    left.delete(member)
    const at = `${path}.${member}`
    if (value === undefined) {
      if (eks.isRequired(shape, member)) faults.push(`${at} is required, and missing`)
      continue
    }
    faults.push(...check(eks, at, type, value))
    const allowed = eks.values(shape.getName() ?? '', member)
    for (const one of allowed === undefined ? [] : [value].flat()) {
      if (typeof one === 'string' && !allowed?.includes(one)) {
        faults.push(`${at} is one of ${allowed?.slice(0, 20).join(', ')}, not ${one}`)
      }
    }
  }
  return [...faults, ...[...left.keys()].map((name) => `${path} has no member ${name}`)]
}
