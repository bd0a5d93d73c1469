import { z } from 'zod'
import type { Ec2Context } from './context.ts'
import { flag, type Form, parseParameters } from './wire/parameters.ts'
import type { XmlObject } from './wire/xml.ts'

/** A request that was found to be in order. */
export interface Prepared {
  readonly dryRun: boolean
  /**
   * Does it and gives the answer's body, or promises it where the answer has to wait for what was
   * begun. Can't fail for a reason that the caller is to blame for.
   */
  readonly commit: () => XmlObject | Promise<XmlObject>
}

export interface Action {
  readonly name: string
  /** Checks everything; throws ApiError. Changes nothing. */
  readonly prepare: (form: Form, context: Ec2Context) => Prepared
}

/**
 * An action of EC2: its table of parameters, and `prepare`, which checks all that can be refused
 * and returns what is left to do. Between the two lies DryRun, so that it answers exactly what the
 * real call would. Both run without a pause, so no other request comes between.
 */
export function defineAction<Shape extends z.ZodRawShape>(definition: {
  readonly name: string
  readonly parameters: Shape
  readonly prepare: (
    parameters: z.output<z.ZodObject<Shape>>,
    context: Ec2Context,
  ) => () => XmlObject | Promise<XmlObject>
}): Action {
  const table = z.strictObject(definition.parameters)
  return {
    name: definition.name,
    prepare(form, context) {
      const { DryRun: dryRun = 'false', ...rest } = Object.fromEntries(form)
      const parameters = parseParameters(table, new Map(Object.entries(rest)))
      return {
        dryRun: parseParameters(flagAlone, new Map([['DryRun', dryRun]])).DryRun,
        commit: definition.prepare(parameters, context),
      }
    },
  }
}

const flagAlone = z.strictObject({ DryRun: flag })
