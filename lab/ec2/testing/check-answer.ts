import { XMLParser } from 'fast-xml-parser'
import { z } from 'zod'
import { type AwsModel, loadAwsModel, type Shape } from './aws-model.ts'
import { isDocumentedError } from './documented-errors.ts'

/** How a service is recognised on the wire, and which SDK has its model. */
const SERVICES = [
  {
    name: 'ec2',
    namespace: 'http://ec2.amazonaws.com/doc/2016-11-15/',
    sdk: '@aws-sdk/client-ec2',
  },
  {
    name: 'autoscaling',
    namespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
    sdk: '@aws-sdk/client-auto-scaling',
  },
  {
    name: 'sts',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    sdk: '@aws-sdk/client-sts',
  },
] as const

type Service = (typeof SERVICES)[number]

type Element = string | { readonly [name: string]: Element } | readonly Element[]

const element: z.ZodType<Element> = z.union([
  z.string(),
  z.lazy(() => z.array(element)),
  z.lazy(() => z.record(z.string(), element)),
])
const parser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  ignoreAttributes: (name) => name !== 'xmlns',
  attributeNamePrefix: '@',
  ignoreDeclaration: true,
})

const models = new Map<string, Promise<AwsModel>>()

/**
 * Compares an answer as it is on the wire with AWS's model: names of elements, shapes, kinds of
 * values, values of enumerations, what is required, and codes of errors.
 *
 * @returns what is wrong, a sentence each
 */
export async function checkAnswer(xml: string): Promise<readonly string[]> {
  const document = element.parse(parser.parse(xml.replace(/^<\?xml[^>]*\?>/, '')))
  const [root, content] = onlyEntry(document)
  if (content === undefined) return [`${root}: the answer is no XML element`]
  const service = SERVICES.find(({ namespace }) => namespace === textOf(content, '@xmlns'))
  if (root === 'Response' || root === 'ErrorResponse') return checkError(service, content)
  const action = root.replace(/Response$/, '')
  if (service === undefined) return [`${root}: no service has this namespace`]
  const model = await modelOf(service)
  const output = model.output(action)
  if (output === undefined) return [`${service.name} has no operation ${action}`]
  const { '@xmlns': _, requestId, ResponseMetadata, ...rest } = asRecord(content)
  if (service.name === 'ec2') {
    const missing = typeof requestId === 'string' ? [] : [`${root}: there is no requestId`]
    return [...missing, ...checkEc2({ model, service }, action, output, rest)]
  }
  const { [`${action}Result`]: result = '', ...others } = rest
  return [
    ...(textOf(ResponseMetadata ?? '', 'RequestId') === undefined
      ? [`${root}: there is no ResponseMetadata with a RequestId`]
      : []),
    ...Object.keys(others).map((name) => `${root}: ${name} is beside the result`),
    ...checkValue({ model, service }, action, output, result),
  ]
}

/** The model knows no answer where EC2 says `<return>true</return>`, as its reference has it. */
function checkEc2(
  under: Under,
  action: string,
  output: Shape,
  content: { readonly [name: string]: Element },
): readonly string[] {
  if (!output.isUnitSchema()) return checkValue(under, action, output, content)
  const { return: done, ...others } = content
  return [
    ...(done === 'true' ? [] : [`${action} should return true`]),
    ...Object.keys(others).map((name) => `${action} has no element ${name}`),
  ]
}

interface Under {
  readonly model: AwsModel
  readonly service: Service
}

function checkValue(under: Under, path: string, shape: Shape, value: Element): readonly string[] {
  if (shape.isListSchema()) return checkList(under, path, shape, value)
  if (shape.isStructSchema()) return checkStructure(under, path, shape, value)
  if (typeof value !== 'string') return [`${path} has elements, and should be a value`]
  return isOfKind(shape, value) ? [] : [`${path} can't be ${JSON.stringify(value)}`]
}

function isOfKind(shape: Shape, value: string): boolean {
  if (shape.isBooleanSchema()) return value === 'true' || value === 'false'
  if (shape.isNumericSchema()) return /^-?\d+(\.\d+)?$/.test(value)
  if (!shape.isTimestampSchema()) return true
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(value)
}

function checkList(under: Under, path: string, shape: Shape, value: Element): readonly string[] {
  const item = shape.getValueSchema()
  const name = under.service.name === 'ec2' ? (item.getMergedTraits().xmlName ?? 'item') : 'member'
  if (value === '') return []
  const { [name]: items, ...others } = asRecord(value)
  return [
    ...Object.keys(others).map((other) => `${path} is a list of <${name}>, not of <${other}>`),
    ...(items === undefined ? [] : [items].flat()).flatMap((one, index) =>
      checkValue(under, `${path}.${index + 1}`, item, one),
    ),
  ]
}

function checkStructure(
  under: Under,
  path: string,
  shape: Shape,
  value: Element,
): readonly string[] {
  if (typeof value === 'string' && value !== '') return [`${path} is ${value}, without elements`]
  const left = new Map(Object.entries(asRecord(value)))
  const faults: string[] = []
  for (const [member, type] of shape.structIterator()) {
    const name = under.service.name === 'ec2' ? (type.getMergedTraits().xmlName ?? member) : member
    const content = left.get(name)
    left.delete(name)
    const at = `${path}.${name}`
    if (content === undefined) {
      if (under.model.isRequired(shape, member)) faults.push(`${at} is required, and missing`)
    } else if (Array.isArray(content)) {
      faults.push(`${at} is there more than once`)
    } else {
      faults.push(...checkValue(under, at, type, content))
      faults.push(...checkEnumeration(under, at, [shape.getName() ?? '', member], content))
    }
  }
  return [...faults, ...[...left.keys()].map((name) => `${path} has no element ${name}`)]
}

/** For a list of texts, each of them. */
function checkEnumeration(
  { model }: Under,
  path: string,
  [structure, member]: readonly [structure: string, member: string],
  content: Element,
): readonly string[] {
  const allowed = model.values(structure, member)
  if (allowed === undefined) return []
  const values = typeof content === 'string' ? [content] : Object.values(content).flat()
  return values.flatMap((value) =>
    typeof value === 'string' && !allowed.includes(value)
      ? [`${path} is one of ${allowed.slice(0, 20).join(', ')}, not ${value}`]
      : [],
  )
}

function checkError(service: Service | undefined, content: Element): readonly string[] {
  const { Errors, Error: plain, RequestID, RequestId } = asRecord(content)
  const body = service === undefined ? asRecord(Errors ?? '')['Error'] : plain
  const code = textOf(body ?? '', 'Code')
  const message = textOf(body ?? '', 'Message')
  if (code === undefined || message === undefined) return ['an error has no Code and Message']
  return [
    ...((service === undefined ? RequestID : RequestId) === undefined
      ? [`the error ${code} has no request id`]
      : []),
    ...(isDocumentedError(service?.name ?? 'ec2', code)
      ? []
      : [`${service?.name ?? 'ec2'} documents no error ${code}`]),
  ]
}

function modelOf({ sdk }: Service): Promise<AwsModel> {
  const known = models.get(sdk) ?? loadAwsModel(sdk)
  models.set(sdk, known)
  return known
}

function onlyEntry(document: Element): readonly [name: string, content: Element | undefined] {
  const entries = Object.entries(asRecord(document))
  const [entry] = entries
  return entry === undefined || entries.length > 1 ? ['?', undefined] : entry
}

const asRecord = (value: Element): Readonly<Record<string, Element>> =>
  typeof value === 'string' || Array.isArray(value) ? {} : Object.fromEntries(Object.entries(value))

function textOf(value: Element, name: string): string | undefined {
  const found = asRecord(value)[name]
  return typeof found === 'string' ? found : undefined
}
