import { z } from 'zod'
import { type AccessRequest, denialOf } from '../../iam/access.ts'
import { ApiError, invalidAction, unknownParameter } from '../api-error.ts'
import { type Form, parseParameters } from './parameters.ts'
import type { Caller, QueryService } from './query-service.ts'
import { toXml, type XmlObject } from './xml.ts'

/** An action of a service that speaks as STS and Auto Scaling do: there is no DryRun. */
export interface QueryAction {
  readonly name: string
  /** Does it; throws ApiError before anything is changed. */
  readonly perform: (form: Form, caller: Caller) => XmlObject | undefined
}

/**
 * An action with its table of parameters, in which lists are as in EC2's tables: the `member` that
 * these services put before a list's numbers is taken out. What `perform` returns becomes
 * `<ActionResult>`; an action that answers nothing returns undefined.
 */
export function defineQueryAction<Shape extends z.ZodRawShape>(definition: {
  readonly name: string
  readonly parameters: Shape
  readonly perform: (
    parameters: z.output<z.ZodObject<Shape>>,
    caller: Caller,
  ) => XmlObject | undefined
}): QueryAction {
  const table = z.strictObject(definition.parameters)
  return {
    name: definition.name,
    perform: (form, caller) =>
      definition.perform(
        asValidationErrors(() => parseParameters(table, plainLists(form))),
        caller,
      ),
  }
}

/** A service in the shapes that all of AWS's query services but EC2 share. */
export function defineQueryService(definition: {
  readonly name: string
  readonly version: string
  /** `https://sts.amazonaws.com/doc/2011-06-15/` */
  readonly namespace: string
  readonly accountId: string
  readonly actions: readonly QueryAction[]
  /** All that a call has to be allowed. */
  readonly accessRequests: (action: string, form: Form) => readonly AccessRequest[]
}): QueryService {
  const { version, namespace, accountId } = definition
  const byName = new Map(definition.actions.map((one) => [one.name, one]))
  return {
    name: definition.name,
    version,
    perform(caller, name, form) {
      const action = byName.get(name)
      if (action === undefined) {
        throw invalidAction(`Could not find operation ${name} for version ${version}`)
      }
      for (const request of definition.accessRequests(name, form)) {
        const denial = denialOf(caller, accountId, request)
        if (denial !== undefined) throw new ApiError('AccessDenied', denial, 403)
      }
      const result = action.perform(form, caller)
      return result === undefined ? {} : { [`${name}Result`]: result }
    },
    success: (action, requestId, body) =>
      toXml(
        `${action}Response`,
        namespace,
        { ...body, ResponseMetadata: { RequestId: requestId } },
        'member',
      ),
    failure: ({ code, message, httpStatus }, requestId) =>
      toXml('ErrorResponse', namespace, {
        Error: { Type: httpStatus < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
        RequestId: requestId,
      }),
    // Source: the services' API references, "Common Errors".
    refusals: {
      unauthenticated: (signed) =>
        signed
          ? invalidToken('The security token included in the request is invalid.')
          : new ApiError(
              'MissingAuthenticationToken',
              'Request is missing Authentication Token',
              403,
            ),
      throttled: () => new ApiError('Throttling', 'Rate exceeded'),
      noSuchVersion: (asked) => invalidAction(`Could not find version ${asked} of this service`),
    },
  }
}

/** Source: STS and Auto Scaling, API reference, "Common Errors". */
const invalidToken = (message: string): ApiError =>
  new ApiError('InvalidClientTokenId', message, 403)

/** `Names.member.1` → `Names.1`. Throws where a list's number has no `member` before it. */
function plainLists(form: Form): Form {
  return new Map(
    [...form].map(([name, value]) => {
      if (/(?<!\.member)\.\d+(\.|$)/.test(name)) throw unknownParameter(name)
      return [name.replaceAll(/\.member(?=\.\d)/g, ''), value]
    }),
  )
}

/** EC2's words for a wrong parameter, as these services say it. AWS passes unknown ones over. */
function asValidationErrors<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.code === 'UnknownParameter') {
      throw new ApiError('InvalidQueryParameter', error.message)
    }
    if (error.code !== 'MissingParameter' && error.code !== 'InvalidParameterValue') throw error
    throw validationError(error.message)
  }
}

/** `1 validation error detected: …` */
const validationError = (words: string): ApiError =>
  new ApiError('ValidationError', `1 validation error detected: ${words}`)
