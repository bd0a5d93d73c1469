import { z } from 'zod'
import { operatorFault } from './conditions.ts'

/** IAM takes one text for a list of one. */
const texts = z.union([z.string().transform((one) => [one]), z.array(z.string())])

const conditionValues = z.preprocess(
  (value) => (typeof value === 'boolean' ? String(value) : value),
  texts,
)

const statement = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Action: texts.optional(),
    NotAction: texts.optional(),
    Resource: texts.optional(),
    NotResource: texts.optional(),
    Condition: z.record(z.string(), z.record(z.string(), conditionValues)).default({}),
  })
  .superRefine((one, context) => {
    for (const [name, other] of [
      ['Action', 'NotAction'],
      ['Resource', 'NotResource'],
    ] as const) {
      if ((one[name] === undefined) === (one[other] === undefined)) {
        context.addIssue(`a statement has either ${name} or ${other}`)
      }
    }
    for (const operator of Object.keys(one.Condition)) {
      const fault = operatorFault(operator)
      if (fault !== undefined) context.addIssue(fault)
    }
    if (JSON.stringify(one).includes('${')) context.addIssue('the lab knows no policy variables')
  })

const policy = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(statement)),
})

export type Statement = z.output<typeof statement>
/** An identity-based policy. */
export type Policy = z.output<typeof policy>

/**
 * Reads a policy as `aws iam create-policy` takes it. What the lab doesn't evaluate is refused.
 *
 * @throws Error with one sentence that says what is wrong
 */
export function parsePolicy(json: string): Policy {
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch (error) {
    throw new Error(`The IAM policy is no JSON: ${String(error)}`, { cause: error })
  }
  const parsed = policy.safeParse(document)
  if (parsed.success) return parsed.data
  throw new Error(`The IAM policy can't be used: ${z.prettifyError(parsed.error)}`)
}
